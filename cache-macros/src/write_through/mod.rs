//! `#[write_through]`: stores what an async function has written.

mod check;
mod expand;
mod model;
mod parse;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::parse::WRITE_THROUGH;
use proc_macro2::TokenStream;

use crate::fallback;

pub(crate) fn write_through(args: TokenStream, item: TokenStream) -> TokenStream {
    fallback::untouched_on_error("#[write_through]", item, |function, cx| {
        let mut params = function.params();
        params.result = true;
        let options = parse::options(args, &params, cx);
        params.each.clone_from(&options.each);
        let model = model::WriteThrough { function, params, options };
        check::all(&model, cx);
        cx.is_clean().then(|| expand::expand(&model))
    })
}
