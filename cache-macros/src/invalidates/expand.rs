//! Writes the code of an invalidating function: one `static`, the keys and tags, and one call into the
//! runtime.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::model::Invalidates;
use crate::site;

pub(super) fn expand(model: &Invalidates) -> TokenStream {
    let span = Span::mixed_site();
    let common = &model.options.common;
    let krate = &common.krate;
    let policy = common.policy();
    let site = quote_spanned! {span=>
        new(|| ::core::any::type_name_of_val(&__here), #krate::__private::NO_TTL #policy)
    };
    let keys = model.options.keys.iter().map(|key| {
        let key = key.write(&model.params);
        quote_spanned!(span=> .fence(|__w| { #key }))
    });
    let tags = model.options.tags.iter().map(|tag| {
        let tag = tag.write(&model.params);
        quote_spanned!(span=> .fence_tag(|__w| { #tag }))
    });
    let fences = keys.chain(tags).collect();
    let call = site::call(&common.krate, common.cache.as_ref(), &site, &fences);
    let body = model.function.body();
    model.function.with(quote_spanned! {span=>
        #call
        let __body = ::core::pin::pin!(#body);
        __call.invalidate(__body).await
    })
}
