//! Generates the code of an invalidating function: one `static`, the keys and tags, and one call into the runtime.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::model::Invalidates;
use crate::result_keys::{self, ResultKeys};
use crate::{codegen, on_unavailable};

pub(super) fn expand(model: &Invalidates) -> TokenStream {
    let span = Span::mixed_site();
    let common = &model.options.shared;
    let krate = &common.krate;
    let policy = common.policy();
    let site = quote_spanned! {span=>
        new(|| ::core::any::type_name_of_val(&__here), #krate::__private::NO_TTL #policy)
    };
    let known = model.options.keys.iter().filter(|key| result_keys::template(key).is_none());
    let keys = known.map(|key| {
        let key = key.write(&model.params);
        quote_spanned!(span=> .fence(|__w| { #key }))
    });
    let known = model.options.tags.iter().filter(|tag| result_keys::template(tag).is_none());
    let tags = known.map(|tag| {
        let tag = tag.write(&model.params);
        quote_spanned!(span=> .fence_tag(|__w| { #tag }))
    });
    let fences = keys.chain(tags).collect();
    let call = codegen::call(&common.krate, common.cache.as_ref(), &site, &fences);
    let body = model.function.body();
    let returned = returned(model);
    let before = &returned.before;
    let run = run(model, &returned.after);
    model.function.with(quote_spanned! {span=>
        #call
        #before
        let __body = ::core::pin::pin!(#body);
        #run
    })
}

/// The keys that name the result.
fn returned(model: &Invalidates) -> ResultKeys {
    let mut found = ResultKeys::default();
    for key in model.options.keys.iter().filter_map(result_keys::template) {
        found.empty("empty", key, &model.params, &model.options.shared.krate);
    }
    for tag in model.options.tags.iter().filter_map(result_keys::template) {
        found.empty("empty_tag", tag, &model.params, &model.options.shared.krate);
    }
    found
}

/// The call into the runtime. The result is examined only if a key names it.
fn run(model: &Invalidates, empties: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &model.options.shared.krate;
    if empties.is_empty() && model.options.refuses.is_none() {
        return quote_spanned!(span=> __call.invalidate(__body).await);
    }
    let shape = codegen::shape(krate, &quote_spanned!(span=> of(&*__body)));
    let hook = if empties.is_empty() {
        quote_spanned!(span=> #krate::__private::leave_nothing)
    } else {
        quote_spanned!(span=> |__value, __leave| { #empties })
    };
    let write = match model.options.refuses {
        None => quote_spanned!(span=> __call.write(__shape, #hook, __body).await),
        Some(at) => {
            let refuse = on_unavailable::prepare(at, krate);
            quote_spanned! {span=>
                #refuse
                __call.write_or(__refuse, __shape, #hook, __body).await
            }
        }
    };
    quote_spanned!(span=> #shape #write)
}
