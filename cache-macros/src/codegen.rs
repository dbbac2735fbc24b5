//! The statements that expansions have in common: the function's own `static`, the call that begins at it, and what
//! is found out about the function's result.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Path};

use crate::duration::Length;
use crate::key::Key;
use crate::tokens;

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
            let cache = tokens::borrowed(cache);
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

/// `.template(...)`: how the key is written, for logs. One that is an expression has no text.
pub(crate) fn template(key: &Key) -> Option<TokenStream> {
    let Key::Template(template) = key else { return None };
    let text = template.literal.value();
    Some(quote_spanned!(Span::mixed_site()=> .template(#text)))
}

/// What other arguments are methods of: the policy that is shared, if there is one, with this function's ttl, if that
/// is known now.
pub(crate) fn policy(
    krate: &Path,
    shared: Option<TokenStream>,
    ttl: Option<&Length>,
) -> TokenStream {
    let span = Span::mixed_site();
    let method = match shared {
        Some(_) => "with_ttl",
        None => "ttl",
    };
    let known = |ttl: &&Length| matches!(ttl, Length::Known(_));
    match (shared, ttl.filter(known).map(|ttl| ttl.method(method))) {
        (Some(shared), Some(ttl)) => quote_spanned!(span=> #shared.#ttl),
        (Some(shared), None) => shared,
        (None, Some(ttl)) => quote_spanned!(span=> #krate::Policy::#ttl),
        (None, None) => quote_spanned!(span=> #krate::__private::NO_TTL),
    }
}

/// `let __shape = ...;`: finds by autoref which of `T`, `Option<T>`, `Result<T, E>` and `Result<Option<T>, E>` the body
/// gives, whatever alias it is written as, and whether its error can be cloned. `probe` is a `Probe` of it.
pub(crate) fn shape(krate: &Path, probe: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let __shape = {
            #[allow(unused_imports)]
            use #krate::__private::{
                Shape0 as _, Shape1 as _, Shape2 as _, Shape3 as _, Shape4 as _, Shape5 as _,
            };
            (&&&&&&#krate::__private::Probe::#probe).__cache_shape()
        };
    }
}

/// `let __call = ...;`: the call knows the fingerprint of the values, if they have one. `__value` is a `ValueProbe` of them.
pub(crate) fn fingerprint(krate: &Path) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let __call = __call.fingerprint({
            #[allow(unused_imports)]
            use #krate::__private::{Fingerprint0 as _, Fingerprint1 as _};
            (&__value).__cache_fingerprint()
        });
    }
}
