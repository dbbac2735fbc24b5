//! Generates the code of a cached function: one `static`, the key, and one call into the runtime.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::model::Cached;
use super::{absence, background, call, each, hooks, kept_value};
use crate::codegen;
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
    let closures = hooks::closures(&model.options);
    let rebinding = Rebinding::of(&model.function, &closures, krate);
    let pinned = codegen::pinned(&model.function, &rebinding.body);
    let (absent, kept_value) = (absence::attended(model), kept_value::attended(model));
    let shared = &rebinding.before;
    let probe = match model.options.negative {
        None => quote_spanned!(span=> of(&*__body)),
        Some(_) => quote_spanned!(span=> of(&__body)),
    };
    let found = call::found(model, &probe);
    let hooks = hooks::borrowed(&model.options, &TokenStream::new());
    let run = call::run(model, false, &hooks, "__body");
    let before = quote_spanned! {span=>
        #begin
        #shared
        #pinned
        #absent
        #found
        #kept_value
    };
    let inside = absence::present(model, before, run);
    model.function.with_rebound(&rebinding.names, inside)
}
