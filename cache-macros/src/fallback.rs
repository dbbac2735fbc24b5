//! What a macro emits on an error: the untouched item and every message. So callers of the function still compile, the
//! editor keeps working, and one mistake gives one message.

use proc_macro2::{TokenStream, TokenTree};

use crate::ctxt::Ctxt;
use crate::function::Function;

/// Expands the function in `item`, or returns it untouched with all errors.
pub(crate) fn untouched_on_error(
    attribute: &str,
    item: TokenStream,
    expand: impl FnOnce(Function, &Ctxt) -> Option<TokenStream>,
) -> TokenStream {
    let cx = Ctxt::new();
    let function = syn::parse2::<Function>(item.clone()).map_err(|mut error| {
        if !mentions_fn(&item) {
            let message = no_function(attribute, &item);
            error = syn::Error::new(proc_macro2::Span::call_site(), message);
        }
        cx.error(error);
    });
    let expansion = function.ok().and_then(|function| expand(function, &cx));
    match cx.check() {
        Ok(()) => expansion.unwrap_or(item),
        Err(errors) => [item, errors.into_compile_error()].into_iter().collect(),
    }
}

/// Whether the item looks like a function.
fn mentions_fn(item: &TokenStream) -> bool {
    (item.clone().into_iter())
        .any(|token| matches!(token, TokenTree::Ident(ident) if ident == "fn"))
}

/// What to do with an attribute that is not on a function.
fn no_function(attribute: &str, item: &TokenStream) -> String {
    let is = |token: TokenTree, names: &[&str]| names.iter().any(|name| token.to_string() == *name);
    let mentions = |names: &[&str]| item.clone().into_iter().any(|token| is(token, names));
    if mentions(&["impl", "trait"]) {
        format!("`{attribute}` goes on an `async fn`: put it on the methods inside")
    } else if mentions(&["|", "||"]) {
        format!("`{attribute}` goes on an `async fn`: write one instead of the closure")
    } else {
        format!("`{attribute}` goes on an `async fn`")
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
