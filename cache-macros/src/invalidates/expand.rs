//! Generates the code of an invalidating function: one `static`, the keys and tags, and one call into the runtime.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::model::Invalidates;
use crate::rebinding::Rebinding;
use crate::stale_keys::{KEY, StaleKeys, TAG};
use crate::{codegen, hold, on_unavailable};

pub(super) fn expand(model: &Invalidates) -> TokenStream {
    let span = Span::mixed_site();
    let (options, params, function) = (&model.options, &model.params, &model.function);
    let shared = &options.shared;
    let krate = &shared.krate;
    let policy = shared.policy();
    let policy = quote_spanned!(span=> #krate::__private::NO_TTL #policy);
    let site = codegen::Site::of(function, krate, &policy, None, None);
    let mut keys = StaleKeys::default();
    options.keys.iter().for_each(|key| keys.add(key, KEY, params, krate));
    options.tags.iter().for_each(|tag| keys.add(tag, TAG, params, krate));
    let mut steps = options.transactions.steps(params);
    if let Some(when) = &options.when {
        steps.extend(quote_spanned!(span=> .only_when(#when)));
    }
    steps.extend(options.hold.as_ref().map(hold::step));
    steps.extend(keys.steps.clone());
    let call = codegen::call(krate, shared.cache.as_ref(), &site, &steps);
    let (each, before) = (keys.each(function, params), keys.before());
    let rebinding = Rebinding::of(function, &TokenStream::new(), krate);
    let pinned = codegen::pinned(function, &rebinding.body);
    let ending = codegen::ending(krate);
    let run = run(model, &keys.after(function));
    let inside = quote_spanned! {span=>
        #call
        #each
        #before
        #pinned
        #ending
        #run
    };
    function.with_rebound(&rebinding.names, inside)
}

/// The call into the runtime. The result is examined only if a key names it.
fn run(model: &Invalidates, empties: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &model.options.shared.krate;
    if empties.is_empty() && model.options.refuses.is_none() {
        return codegen::ended(&quote_spanned!(span=> __ending.invalidate(__call, __body).await));
    }
    let shape = codegen::shape(&model.function, krate, &quote_spanned!(span=> of(&*__body)));
    let hook = if empties.is_empty() {
        quote_spanned!(span=> #krate::__private::leave_nothing)
    } else {
        quote_spanned!(span=> |__value, __leave| { #empties })
    };
    let write = match model.options.refuses {
        None => quote_spanned!(span=> __ending.write(__call, __shape, #hook, __body).await),
        Some(_) => {
            quote_spanned!(span=> __ending.write_or(__call, __refuse, __shape, #hook, __body).await)
        }
    };
    let refuse = model.options.refuses.map(|at| on_unavailable::prepare(at, krate));
    let write = codegen::ended(&write);
    quote_spanned!(span=> #shape #refuse #write)
}
