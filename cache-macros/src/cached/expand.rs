//! Generates the code of a cached function: one `static`, the key, and one call into the runtime.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::model::Cached;
use super::{background, call, each, hooks, negative};
use crate::rebinding::Rebinding;

pub(super) fn expand(model: &Cached) -> TokenStream {
    if let Some(list) = &model.options.each {
        return each::expand(model, list);
    }
    match model.options.freshness.background() {
        None => attended(model),
        Some(_) => background::expand(model),
    }
}

/// A function whose loads end with their callers. Its body is one future, which can borrow anything.
fn attended(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let begin = call::begin(model);
    let krate = &model.options.shared.krate;
    let negative = model.options.negative.as_ref();
    let mut closures = hooks::closures(&model.options);
    // It is made when the body has ended.
    negative.to_tokens(&mut closures);
    let rebinding = Rebinding::sharing(&model.function, &closures, krate);
    let body = negative::absent(negative, model.function.body(&rebinding.within));
    let shared = &rebinding.before;
    let found = call::found(model, &quote_spanned!(span=> of(&*__body)));
    let hooks = hooks::borrowed(&model.options, &TokenStream::new());
    let run = call::run(model, false, &hooks, "__body");
    let before = quote_spanned! {span=>
        #begin
        #shared
        let __body = ::core::pin::pin!(#body);
        #found
    };
    let inside = negative::present(negative, before, run);
    model.function.with_rebound(&rebinding.names, inside)
}
