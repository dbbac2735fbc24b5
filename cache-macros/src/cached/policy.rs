//! The policy of a cached function: the constant that its arguments make.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::local::Local;
use super::model::{NegativeTtl, Options, Ttl};
use crate::codegen;
use crate::duration::Length;
use crate::tokens;

/// The part of the policy that is constant.
pub(super) fn policy(options: &Options) -> TokenStream {
    let span = Span::mixed_site();
    let mut policy = base(options);
    if let Some(lock) = &options.lock {
        policy.extend(quote_spanned!(span=> .lock()));
        if let Some(lease) = lock.lease.as_ref().map(Length::duration) {
            policy.extend(quote_spanned!(span=> .lease(#lease)));
        }
        if let Some(wait) = lock.wait.as_ref().map(Length::duration) {
            policy.extend(quote_spanned!(span=> .wait(#wait)));
        }
    }
    policy.extend(options.local.as_ref().map(Local::policy));
    if let Some(NegativeTtl { length: length @ Length::Known(_), .. }) = &options.negative_ttl {
        let ttl = length.method("negative_ttl");
        policy.extend(quote_spanned!(span=> .#ttl));
    }
    policy.extend(options.value_tags.as_ref().map(|_| quote_spanned!(span=> .names_tags())));
    policy = options.freshness.policy(&options.shared.krate, policy);
    policy.extend(options.encoding.policy(&options.shared.krate));
    policy.extend(options.shared.policy());
    policy
}

/// The shared policy or a new one, with the function's ttl, on which the other arguments are set.
fn base(options: &Options) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &options.shared.krate;
    let ttl = match &options.ttl {
        Some(Ttl::Length(length)) => Some(length),
        _ => None,
    };
    let shared = options.policy.as_ref().map(|policy| {
        if options.freshness.background().is_some() {
            return tokens::bracketed(policy);
        }
        let at = span.located_at(tokens::first_span(policy));
        let krate = tokens::at(krate, at);
        quote_spanned!(at=> #krate::__private::foreground(#policy))
    });
    codegen::policy(krate, shared, ttl)
}
