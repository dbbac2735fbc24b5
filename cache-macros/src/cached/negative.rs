//! `negative = Error::NotFound`: an error that says that there is no value, remembered as a `None` is. It is a pattern for the
//! load's error, and the expression that a hit returns.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::parse::Parser;
use syn::{Expr, Pat};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::tokens;

pub(crate) const USAGE: Usage = ("negative", "negative = Error::NotFound");

/// An error, as a pattern and as an expression.
pub(crate) struct Negative {
    pub(super) error: Expr,
    pattern: Pat,
}

pub(super) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Negative> {
    let arg = args.take("negative")?;
    let error = arg.expr(cx)?;
    let is_value = match &error {
        // As a pattern, a name of a variable is every error.
        Expr::Path(path) => path
            .path
            .get_ident()
            .is_none_or(|name| !name.to_string().starts_with(char::is_lowercase)),
        error => matches!(error, Expr::Struct(_) | Expr::Call(_)),
    };
    let pattern = Pat::parse_single.parse2(error.to_token_stream()).ok().filter(|_| is_value);
    let Some(pattern) = pattern else {
        cx.error_at(
            error,
            "`negative` is the error that says that there is no value, which is remembered for `negative_ttl`: \
             `negative = Error::NotFound`, or `negative = Error::NotFound { id }` with parameters of the function",
        );
        return None;
    };
    Some(Negative { error, pattern })
}

/// The body with the error as a `None`.
pub(super) fn absent(negative: Option<&Negative>, body: TokenStream) -> TokenStream {
    let Some(Negative { pattern, .. }) = negative else { return body };
    let span = Span::mixed_site();
    let at = span.located_at(tokens::first_span(pattern));
    let is_absent = quote_spanned! {at=>
        match &__error {
            #[allow(unused_variables)]
            #pattern => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    };
    quote_spanned! {span=>
        async move {
            match #body.await {
                ::core::result::Result::Ok(__found) => {
                    ::core::result::Result::Ok(::core::option::Option::Some(__found))
                }
                ::core::result::Result::Err(__error) => match #is_absent {
                    true => ::core::result::Result::Ok(::core::option::Option::None),
                    false => ::core::result::Result::Err(__error),
                },
            }
        }
    }
}

/// What `before` and `run` return, with the `None` as the error. The error may take parameters that the body has borrowed, so
/// the body is dropped first.
pub(super) fn present(
    negative: Option<&Negative>,
    before: TokenStream,
    run: TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let Some(Negative { error, .. }) = negative else {
        return quote_spanned!(span=> #before #run);
    };
    quote_spanned! {span=>
        let __output = {
            #before
            let __output = #run;
            __output
        };
        match __output {
            ::core::result::Result::Ok(::core::option::Option::Some(__found)) => {
                ::core::result::Result::Ok(__found)
            }
            ::core::result::Result::Ok(::core::option::Option::None) => {
                ::core::result::Result::Err(#error)
            }
            ::core::result::Result::Err(__error) => ::core::result::Result::Err(__error),
        }
    }
}

impl ToTokens for Negative {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.error.to_tokens(tokens);
    }
}
