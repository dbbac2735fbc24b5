//! `#[write_behind]`: adds to a function that writes a batch one that accepts a single value for it.

mod check;
mod expand;
mod model;
mod parse;
mod receiver;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::parse::WRITE_BEHIND;
use proc_macro2::TokenStream;

use crate::fallback;

pub(crate) fn write_behind(args: TokenStream, item: TokenStream) -> TokenStream {
    let untouched = item.clone();
    fallback::untouched_on_error("#[write_behind]", item, |function, cx| {
        let options = parse::options(args, &function.params(), cx);
        let model = model::WriteBehind::new(function, options);
        let batch = check::all(&model, cx);
        cx.is_clean().then_some(())?;
        let halves = expand::expand(&model, &batch?)?;
        Some([untouched, halves].into_iter().collect())
    })
}
