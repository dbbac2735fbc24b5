//! The first statements of every expansion: the function's own `static`, and the call that begins at it.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Path};

use crate::key;

/// `let __call = ...;`: the `static` that names the function and holds its policy, in a scope
/// of its own so that the body cannot see it, then `steps` on a call that begins at it.
pub(crate) fn call(
    krate: &Path,
    cache: Option<&Expr>,
    site: &TokenStream,
    steps: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let new = match cache {
        None => quote_spanned!(span=> new(&__SITE)),
        Some(cache) => {
            let cache = key::borrowed(cache);
            quote_spanned!(span=> on(&__SITE, #cache))
        }
    };
    quote_spanned! {span=>
        let __call = {
            fn __here() {}
            static __SITE: #krate::__private::Site = #krate::__private::Site::#site;
            #krate::__private::Call::#new #steps
        };
    }
}
