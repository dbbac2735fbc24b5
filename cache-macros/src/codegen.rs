//! Statements that the expansions of all attributes share: the function's `static`, the call into the runtime, and the
//! probes of the result's type.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Path};

use crate::constants;
use crate::duration::Length;
use crate::function::Function;
use crate::key::Key;
use crate::tokens;

/// What is constant about a function: its `static`, and a reference to it.
pub(crate) struct Site {
    /// Items that only the reference may see.
    pub(crate) items: TokenStream,
    pub(crate) reference: TokenStream,
}

impl Site {
    /// The site of a function with this policy; `template` is that of its key, for logs. Where the parts of the policy do not
    /// go together, the compiler says so `at` the one that is at fault.
    pub(crate) fn of(
        function: &Function,
        krate: &Path,
        policy: &TokenStream,
        at: Option<Span>,
        template: Option<TokenStream>,
    ) -> Self {
        let span = Span::mixed_site();
        let path = quote_spanned!(span=> || ::core::any::type_name_of_val(&__here));
        let here = quote_spanned!(span=> fn __here() {});
        let at = at.map_or(span, |at| span.located_at(at));
        let checking = tokens::at(krate, at);
        if !constants::may_be_generic(policy.clone(), &function.sig) {
            let new = quote_spanned!(at=> #checking::__private::Site::new(#path, #policy));
            return Site {
                items: quote_spanned! {span=>
                    #here
                    static __SITE: #krate::__private::Site = #new #template;
                },
                reference: quote_spanned!(span=> &__SITE),
            };
        }
        let checked = quote_spanned!(at=> #checking::__private::checked(#policy));
        // A `static` sees no `Self`; a constant in the function does.
        Site {
            items: quote_spanned! {span=>
                #here
                static __SITES: #krate::__private::Sites =
                    #krate::__private::Sites::new(#path) #template;
            },
            reference: quote_spanned! {span=>
                __SITES.of(const { &#checked })
            },
        }
    }
}

/// `let __call = ...;`: a call of the function with `steps`. The body cannot see the `static`.
pub(crate) fn call(
    krate: &Path,
    cache: Option<&Expr>,
    site: &Site,
    steps: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let Site { items, reference } = site;
    let new = match cache {
        None => quote_spanned!(span=> new(#reference)),
        Some(cache) => {
            let cache = tokens::borrowed(cache);
            quote_spanned!(span=> on(#reference, #cache))
        }
    };
    quote_spanned! {span=>
        let __call = {
            #items
            #krate::__private::Call::#new #steps
        };
    }
}

/// `let __body = ...;`: the body, pinned. The macro is called as from the user's code: clippy takes a `pin!` within another macro
/// for unsafe code of the function's type.
pub(crate) fn pinned(function: &Function, body: &TokenStream) -> TokenStream {
    let pin = quote_spanned!(function.sig.ident.span()=> ::core::pin::pin!(#body));
    quote_spanned!(Span::mixed_site()=> let __body = #pin;)
}

/// `let __ending = ...;`: finds by autoref whether the output of `__body` can be held while the keys are settled.
pub(crate) fn ending(krate: &Path) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let __ending = {
            #[allow(unused_imports)]
            use #krate::__private::{Ending0 as _, Ending1 as _};
            (&#krate::__private::EndingProbe::of(&*__body)).__cache_ending()
        };
    }
}

/// What a block returns that ends with `run`. Its temporaries are dropped before the block's variables, in every edition.
pub(crate) fn ended(run: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let __output = #run;
        __output
    }
}

/// `.template(...)`: the key's template for logs, unless it is an expression.
pub(crate) fn template(key: &Key) -> Option<TokenStream> {
    let Key::Template(template) = key else {
        return None;
    };
    let text = template.literal.value();
    Some(quote_spanned!(Span::mixed_site()=> .template(#text)))
}

/// The policy on which other arguments are set: the shared one or a new one, with the ttl if that is a literal.
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

/// `let __shape = ...;`: finds by autoref whether the body returns `T`, `Option<T>`, `Result<T, E>` or
/// `Result<Option<T>, E>`, through any alias, and whether its error can be shared. `probe` makes a `Probe` of it.
pub(crate) fn shape(function: &Function, krate: &Path, probe: &TokenStream) -> TokenStream {
    shape_or(function, krate, probe, &TokenStream::new())
}

/// The same, of a function that must return something: an alias of `()` does not compile.
pub(crate) fn shape_of_something(
    function: &Function,
    krate: &Path,
    probe: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    shape_or(function, krate, probe, &quote_spanned!(span=> ShapeOfNothing as _,))
}

fn shape_or(
    function: &Function,
    krate: &Path,
    probe: &TokenStream,
    refused: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    // What cannot be cached is reported where the return type stands.
    let at = function.output().map_or(span, |output| span.located_at(tokens::first_span(output)));
    let method = Ident::new("__cache_shape", at);
    // These two share errors. Autoref ignores lifetimes, so it would choose them for an error that borrows.
    let shared =
        (!function.error_borrows()).then(|| quote_spanned!(span=> Shape3 as _, Shape5 as _,));
    quote_spanned! {span=>
        let __shape = {
            #[allow(unused_imports)]
            use #krate::__private::{
                Shape0 as _, Shape1 as _, Shape2 as _, Shape4 as _, #shared #refused
            };
            (&&&&&&&#krate::__private::Probe::#probe).#method()
        };
    }
}

/// `let __call = ...;`: sets the fingerprint of the values, if their type has one. `__value` is a `ValueProbe` of them.
pub(crate) fn fingerprint(krate: &Path) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let __call = __call.fingerprint({
            #[allow(unused_imports)]
            use #krate::__private::{Fingerprint0 as _, Fingerprint1 as _};
            (&__value).__cache_fingerprint()
        });
    }
}
