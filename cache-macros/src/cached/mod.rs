//! `#[cached]`: cache-aside around an async function.

mod check;
mod expand;
mod model;
mod parse;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use crate::fallback;

pub(crate) fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    fallback::untouched_on_error("#[cached]", item, |function, cx| {
        let options = parse::options(args, cx);
        let model = model::Cached::new(function, options);
        check::all(&model, cx);
        cx.is_clean().then(|| expand::expand(&model))
    })
}
