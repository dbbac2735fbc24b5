//! What a macro emits on an error: the untouched item and every message. So callers of the function still compile, the
//! editor keeps working, and one mistake gives one message.

use proc_macro2::TokenStream;

use crate::ctxt::Ctxt;
use crate::function::Function;
use crate::misplaced;

/// Expands the function in `item`, or returns it untouched with all errors.
pub(crate) fn untouched_on_error(
    attribute: &str,
    item: TokenStream,
    expand: impl FnOnce(Function, &Ctxt) -> Option<TokenStream>,
) -> TokenStream {
    let cx = Ctxt::new();
    let function = match misplaced::message(attribute, &item) {
        Some(message) => Err(syn::Error::new(proc_macro2::Span::call_site(), message)),
        None => syn::parse2::<Function>(item.clone()),
    };
    let function = function.map_err(|error| cx.error(error));
    // Either the body or the expansion would be a second error for one mistake.
    if let Ok(function) = &function
        && function.breaks_off()
    {
        _ = cx.check();
        return function.without_body();
    }
    let expansion = function.ok().and_then(|function| expand(function, &cx));
    match cx.check() {
        Ok(()) => expansion.unwrap_or(item),
        Err(errors) => [item, errors.into_compile_error()].into_iter().collect(),
    }
}

/// Expands a derive, or returns all errors. The compiler keeps the item itself.
pub(crate) fn nothing_on_error(expand: impl FnOnce(&Ctxt) -> Option<TokenStream>) -> TokenStream {
    let cx = Ctxt::new();
    let expansion = expand(&cx);
    match cx.check() {
        Ok(()) => expansion.unwrap_or_default(),
        Err(errors) => errors.into_compile_error(),
    }
}
