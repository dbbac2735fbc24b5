//! Generates the code of a function that writes through: one `static`, the keys and tags, and one call into the runtime.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

use super::model::{Options, Ttl, Value, WriteThrough};
use crate::duration::Length;
use crate::key::Key;
use crate::rebinding::Rebinding;
use crate::result_keys;
use crate::same;
use crate::stale_keys::{KEY, StaleKeys, TAG};
use crate::tokens;
use crate::{codegen, on_unavailable};

pub(super) fn expand(model: &WriteThrough) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let krate = &options.shared.krate;
    let policy = policy(options);
    let template = options.key.as_ref().and_then(codegen::template);
    let at = options.policy.as_ref().map(tokens::first_span);
    let site = codegen::Site::of(&model.function, krate, &policy, at, template);
    let keys = stale_keys(model);
    let steps = steps(model, &keys.steps);
    let call = codegen::call(krate, options.shared.cache.as_ref(), &site, &steps);
    let each = keys.each(&model.function, &model.params);
    let link = is_linked(options)
        .then(|| quote_spanned!(span=> let __link = #krate::__private::Link::new();));
    let rebinding = Rebinding::of(&model.function, &closures(options), krate);
    let pinned = codegen::pinned(&model.function, &rebinding.body);
    let shared = &rebinding.before;
    let shape = codegen::shape(&model.function, krate, &quote_spanned!(span=> of(&*__body)));
    let before = keys.before();
    let ending = codegen::ending(krate);
    let write = write(model, &keys.after(&model.function));
    let inside = quote_spanned! {span=>
        #link
        #call
        #each
        #before
        #shared
        #pinned
        #shape
        #ending
        #write
    };
    model.function.with_rebound(&rebinding.names, inside)
}

/// The closures that look at parameters after the body.
fn closures(options: &Options) -> TokenStream {
    let mut closures = TokenStream::new();
    if let Some(Ttl::OfValue(closure)) = &options.ttl {
        closure.to_tokens(&mut closures);
    }
    if let Some(Value::Of(closure)) = &options.value {
        closure.to_tokens(&mut closures);
    }
    closures
}

/// The part of the policy that is constant.
fn policy(options: &Options) -> TokenStream {
    let krate = &options.shared.krate;
    let ttl = match &options.ttl {
        Some(Ttl::Length(length)) => Some(length),
        _ => None,
    };
    let mut policy = codegen::policy(krate, options.policy.as_ref().map(tokens::bracketed), ttl);
    policy = options.freshness.policy(krate, policy);
    policy.extend(options.encoding.policy(krate));
    policy.extend(options.shared.policy());
    policy
}

/// The steps that need the arguments. A value made of the parameters comes last, since it needs the ttl.
fn steps(model: &WriteThrough, stale: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let mut steps = options.transactions.steps(&model.params);
    if let Some(when) = &options.when {
        steps.extend(quote_spanned!(span=> .only_when(#when)));
    }
    if let Some(Ttl::Length(Length::Expr(ttl))) = &options.ttl {
        steps.extend(quote_spanned!(span=> .ttl(#ttl)));
    }
    let key = options.key.as_ref().filter(|key| result_keys::template(key).is_none());
    steps.extend(key.map(|key| {
        let key = match key {
            Key::Template(_) => key.write(&model.params),
            Key::Expr(expr) => {
                let expr = tokens::borrowed(expr);
                quote_spanned!(span=> __link.key(__w, #expr);)
            }
        };
        quote_spanned!(span=> .through(|__w| { #key }))
    }));
    steps.extend(stale.clone());
    for tag in options.tags.carried.iter().filter(|tag| result_keys::template(tag).is_none()) {
        let tag = tag.write(&model.params);
        steps.extend(quote_spanned!(span=> .tag(|__w| { #tag })));
    }
    if let Some(Value::Given(given)) = &options.value {
        let given = tokens::borrowed(given);
        let leave = leave(options, &given, tokens::first_span(&given));
        steps.extend(quote_spanned!(span=> .leave(|__leave| { #leave })));
    }
    steps
}

/// The keys and tags that the function makes stale. Its own key is one of them if it names the result.
fn stale_keys(model: &WriteThrough) -> StaleKeys {
    let (options, params) = (&model.options, &model.params);
    let mut keys = StaleKeys::default();
    let own = options.key.iter().filter(|key| result_keys::template(key).is_some());
    for key in own.chain(&options.invalidates) {
        keys.add(key, KEY, params, &options.shared.krate);
    }
    for tag in &options.tags.fenced {
        keys.add(tag, TAG, params, &options.shared.krate);
    }
    keys
}

/// The call into the runtime. It has the span of the return type, where the compiler reports a value that cannot be stored.
fn write(model: &WriteThrough, empties: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let krate = &options.shared.krate;
    let sig = &model.function.sig;
    let output = model.function.output();
    let at = span.located_at(output.map_or(sig.ident.span(), tokens::first_span));
    let leave = match &options.value {
        Some(Value::Given(_) | Value::Unreadable) => TokenStream::new(),
        Some(Value::Of(pick)) => {
            let at = span.located_at(tokens::first_span(pick));
            let krate = tokens::at(krate, at);
            leave(options, &quote_spanned!(at=> #krate::__private::pick(__value, #pick)), at)
        }
        None => leave(options, &quote_spanned!(at=> __value), at),
    };
    let hook = if leave.is_empty() && empties.is_empty() {
        quote_spanned!(span=> #krate::__private::leave_nothing)
    } else {
        quote_spanned!(span=> |__value, __leave| { #leave #empties })
    };
    match options.refuses {
        None => codegen::ended(
            &quote_spanned!(at=> __ending.write(__call, __shape, #hook, __body).await),
        ),
        Some(refuses) => {
            let refuse = on_unavailable::prepare(refuses, krate);
            let call = quote_spanned!(at=> __ending.write_or(__call, __refuse, __shape, #hook, __body).await);
            let call = codegen::ended(&call);
            quote_spanned!(span=> #refuse #call)
        }
    }
}

/// Stores `value`. Its type decides whether it is an `Option` or a reference. The compiler reports a value that cannot be
/// stored at `at`.
fn leave(options: &Options, value: &TokenStream, at: Span) -> TokenStream {
    let span = Span::mixed_site();
    let at = span.located_at(at);
    let krate = &options.shared.krate;
    let ttl = match &options.ttl {
        Some(Ttl::OfValue(closure)) => Some(of_value(krate, closure)),
        _ => None,
    };
    let probe = Ident::new("__probe", span);
    let same = same::of(krate, options.same.as_ref(), &probe);
    let leave = quote_spanned!(at=> __leave.value(__kept, #same));
    let picked = {
        let krate = tokens::at(krate, at);
        quote_spanned!(at=> (&&&&&&#krate::__private::Picked(#value)).__cache_kept())
    };
    let known = options.encoding.needs_fingerprint().map(|codec| {
        let probe = quote_spanned!(span.located_at(codec)=> &__probe);
        quote_spanned!(span=> #krate::__private::require_fingerprint(#probe);)
    });
    let link = is_linked(options).then(|| quote_spanned!(span=> __link.to(&__kind);));
    quote_spanned! {span=>
        #[allow(unused_imports)]
        use #krate::__private::{
            Fingerprint0 as _, Fingerprint1 as _,
            Kept0 as _, Kept1 as _, Kept2 as _, Kept3 as _, Kept4 as _, Kept5 as _,
        };
        if let ::core::option::Option::Some(__kept) = #picked {
            let __kind = #krate::__private::kind(__kept);
            #link
            let __probe = #krate::__private::ValueProbe::of(&__kind);
            #known
            __leave.fingerprint((&__probe).__cache_fingerprint());
            #ttl
            #leave;
        }
    }
}

/// Whether the key may declare the type of its value. If another type is stored, the compiler reports it at the key, which
/// is made before the value's type is known.
fn is_linked(options: &Options) -> bool {
    matches!(options.key, Some(Key::Expr(_)))
}

/// Calls the closure of `ttl` with the value that is stored.
fn of_value(krate: &Path, closure: &impl ToTokens) -> TokenStream {
    let span = Span::mixed_site();
    let at = span.located_at(tokens::first_span(closure));
    let krate = tokens::at(krate, at);
    let view = quote_spanned!(at=> #krate::__private::view(__kept, #closure));
    quote_spanned!(span=> __leave.ttl(#view);)
}
