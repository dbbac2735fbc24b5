//! `#[cached]`: cache-aside for an async function.

mod absence;
mod background;
mod call;
mod check;
mod each;
mod expand;
mod generics;
mod hooks;
mod kept_value;
mod local;
mod model;
mod negative;
mod negative_rules;
mod parse;
mod policy;
mod row_id_rules;
mod row_ids;
mod value_tags;

#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::parse::CACHED;
use proc_macro2::TokenStream;

use crate::fallback;

pub(crate) fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    fallback::untouched_on_error("#[cached]", item, |function, cx| {
        let options = parse::options(args, &function.params(), cx);
        let model = model::Cached::new(function, options);
        check::all(&model, cx);
        cx.is_clean().then(|| expand::expand(&model))
    })
}
