//! What `negative` makes of a body: an error that says that there is no value is a `None` for the cache, and an error again for
//! whoever calls.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::model::Cached;
use super::negative::{Negative, Recognized};
use super::{call, hooks};
use crate::codegen;
use crate::tokens;

/// `let __body = ...;`, after which the body returns the error as a `None`. `__body` is pinned.
pub(super) fn attended(model: &Cached) -> TokenStream {
    let Some((at, is_absence)) = &given(model) else { return TokenStream::new() };
    let body = quote_spanned!(*at=> __fails.absent(__body, #is_absence));
    quote_spanned!(Span::mixed_site()=> let __body = #body;)
}

/// The same of a load that can go on in the background.
pub(super) fn in_background(model: &Cached) -> TokenStream {
    let Some((at, is_absence)) = &given(model) else { return TokenStream::new() };
    let is_absence = hooks::made_for_a_load(model, is_absence, "view", *at);
    let load = quote_spanned!(*at=> __fails.absent_load(__load, #is_absence));
    quote_spanned!(Span::mixed_site()=> let __load = #load;)
}

/// What recognizes the error, and where it stands.
fn given(model: &Cached) -> Option<(Span, TokenStream)> {
    let span = Span::mixed_site();
    let Negative { recognized, error } = model.options.negative.as_ref()?;
    match recognized {
        Recognized::By(function) => {
            Some((span.located_at(tokens::first_span(function)), function.to_token_stream()))
        }
        Recognized::As(pattern) => {
            let at = span.located_at(tokens::first_span(error));
            let is_it = quote_spanned! {at=>
                |__error| match __error {
                    #[allow(unused_variables)]
                    #pattern => true,
                    #[allow(unreachable_patterns)]
                    _ => false,
                }
            };
            Some((at, is_it))
        }
    }
}

/// What `before` and `run` return, with the `None` as the error. The error may take parameters that the body has borrowed, so
/// the body is dropped first.
pub(super) fn present(model: &Cached, before: TokenStream, run: TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let run = codegen::ended(&run);
    let Some(Negative { error, .. }) = &model.options.negative else {
        return quote_spanned!(span=> #before #run);
    };
    // What is no `Result` is reported where the return type stands.
    let at = call::where_it_returns(model);
    let own = &model.options.shared.krate;
    let krate = tokens::at(own, at);
    let output =
        model.function.output().map_or_else(|| quote_spanned!(span=> _), ToTokens::to_token_stream);
    let fails = quote_spanned!(at=> #krate::__private::fails(__returned));
    quote_spanned! {span=>
        let __returned = #own::__private::returned::<#output>();
        let __fails = #fails;
        let __output = {
            #before
            #run
        };
        __fails.returned(match __output {
            ::core::result::Result::Ok(::core::option::Option::Some(__found)) => {
                ::core::result::Result::Ok(__found)
            }
            ::core::result::Result::Ok(::core::option::Option::None) => {
                ::core::result::Result::Err(#error)
            }
            ::core::result::Result::Err(__error) => ::core::result::Result::Err(__error),
        })
    }
}
