//! `#[invalidates]`: fences keys before an async function writes, and invalidates them after it.

mod check;
mod expand;
mod model;
mod parse;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::parse::INVALIDATES;
use proc_macro2::TokenStream;

use crate::fallback;

pub(crate) fn invalidates(args: TokenStream, item: TokenStream) -> TokenStream {
    fallback::untouched_on_error("#[invalidates]", item, |function, cx| {
        let options = parse::options(args, &function.params(), cx);
        let model = model::Invalidates::new(function, options);
        check::all(&model, cx);
        cx.is_clean().then(|| expand::expand(&model))
    })
}
