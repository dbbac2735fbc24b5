//! Writes the code of a cached function: one `static`, the key, and one call into the runtime.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, Path};

use super::model::{Cached, Options, Ttl};
use crate::common;
use crate::duration::Length;
use crate::key;
use crate::site;

pub(super) fn expand(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let krate = &options.common.krate;
    let policy = policy(options);
    let site = quote_spanned!(span=> new(|| ::core::any::type_name_of_val(&__here), #policy));
    let call = site::call(krate, options.common.cache.as_ref(), &site, &steps(model));
    let body = model.function.body();
    let shape = shape(krate);
    let require_option = require_option(options);
    let run = run(model);
    model.function.with(quote_spanned! {span=>
        #call
        let __body = ::core::pin::pin!(#body);
        #shape
        #require_option
        #run
    })
}

/// The part of the policy that is known before the function runs.
fn policy(options: &Options) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &options.common.krate;
    let mut policy = match &options.ttl {
        Some(Ttl::Length(length)) => {
            known(length, "ttl").map(|ttl| quote_spanned!(span=> #krate::Policy::#ttl))
        }
        _ => None,
    }
    .unwrap_or_else(|| quote_spanned!(span=> #krate::__private::NO_TTL));
    if let Some(lock) = &options.lock {
        policy.extend(quote_spanned!(span=> .lock()));
        if let Some(lease) = lock.lease.as_ref().map(Length::duration) {
            policy.extend(quote_spanned!(span=> .lease(#lease)));
        }
        if let Some(wait) = lock.wait.as_ref().map(Length::duration) {
            policy.extend(quote_spanned!(span=> .wait(#wait)));
        }
    }
    let negative = options.negative_ttl.as_ref();
    if let Some(ttl) = negative.and_then(|negative| known(&negative.length, "negative_ttl")) {
        policy.extend(quote_spanned!(span=> .#ttl));
    }
    policy.extend(options.common.policy());
    policy
}

/// `ttl(60)` or `ttl_duration(...)`; `None` for what is known only when it runs.
fn known(length: &Length, method: &str) -> Option<TokenStream> {
    let span = Span::mixed_site();
    let by = |name: &str| syn::Ident::new(name, span);
    if let Some(seconds) = length.seconds() {
        let method = by(method);
        return Some(quote_spanned!(span=> #method(#seconds)));
    }
    let Length::Known(_) = length else {
        return None;
    };
    let (method, duration) = (by(&format!("{method}_duration")), length.duration());
    Some(quote_spanned!(span=> #method(#duration)))
}

/// What is known only with the arguments. The key comes last: it is not made where `when` says no.
fn steps(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let mut steps = TokenStream::new();
    if let Some(when) = &options.when {
        steps.extend(quote_spanned!(span=> .when(#when)));
    }
    if let Some(Ttl::Length(Length::Expr(ttl))) = &options.ttl {
        steps.extend(quote_spanned!(span=> .ttl(#ttl)));
    }
    if let Some(Length::Expr(ttl)) = options.negative_ttl.as_ref().map(|negative| &negative.length)
    {
        steps.extend(quote_spanned!(span=> .negative_ttl(#ttl)));
    }
    if let Some(key) = &options.key {
        let key = key.write(&model.params);
        steps.extend(quote_spanned!(span=> .key(|__w| { #key })));
    }
    steps
}

/// Finds by autoref which of `T`, `Option<T>`, `Result<T, E>` and `Result<Option<T>, E>` the body
/// gives, whatever alias it is written as, and whether its error can be cloned.
fn shape(krate: &Path) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let __shape = {
            #[allow(unused_imports)]
            use #krate::__private::{
                Shape0 as _, Shape1 as _, Shape2 as _, Shape3 as _, Shape4 as _, Shape5 as _,
            };
            (&&&&&&#krate::__private::Probe::of(&*__body)).__cache_shape()
        };
    }
}

/// `negative_ttl` on a function that never returns `None` is an error at `negative_ttl`.
fn require_option(options: &Options) -> Option<TokenStream> {
    let at = options.negative_ttl.as_ref()?.name.span();
    let krate = &options.common.krate;
    let body = quote_spanned!(Span::mixed_site().located_at(at)=> &*__body);
    Some(quote_spanned!(Span::mixed_site()=> #krate::__private::require_option(#body);))
}

/// The call that does all. All of it stands where the return type stands, so that a value that
/// cannot be stored is reported there, and once.
fn run(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let hook = hook(&model.options);
    let output = model.function.output();
    let at = output.map_or(span, |output| span.located_at(key::first_span(output)));
    quote_spanned!(at=> __call.run(__shape, #hook, __body).await)
}

/// What looks at the value: the closures of `ttl` and `unless`.
fn hook(options: &Options) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &options.common.krate;
    let view = |method: &str, closure: &dyn ToTokens| {
        let method = syn::Ident::new(method, span);
        let at = span.located_at(key::first_span(&closure));
        let krate = common::at(krate, at);
        let view = quote_spanned!(at=> #krate::__private::view(__value, #closure));
        quote_spanned!(span=> __plan.#method(#view);)
    };
    let ttl = match &options.ttl {
        Some(Ttl::OfValue(closure)) => Some(view("ttl", closure)),
        _ => None,
    };
    let unless = options.unless.as_ref().map(|closure: &Expr| view("unless", closure));
    if ttl.is_none() && unless.is_none() {
        return quote_spanned!(span=> #krate::__private::keep);
    }
    quote_spanned!(span=> |__value, __plan| { #ttl #unless })
}
