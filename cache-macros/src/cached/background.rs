//! Functions whose loads can outlive their callers: with `stale_while_revalidate`, `refresh_ahead`, `soft_timeout`, or a
//! policy and `background`. A load owns clones of what it uses, made when it begins.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::model::Cached;
use super::{absence, call, hooks, kept_value};
use crate::captures::{self, Captures};
use crate::ctxt::Ctxt;
use crate::rename_self;

pub(super) fn expand(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let begin = call::begin(model);
    let statements = model.function.statements();
    let captures = Captures::of(&model.function, &statements);
    let clones = captures.detach(&model.options.shared.krate);
    let body = rename_self::rename(statements).tokens;
    let body = model.function.future(&captures.within(), body);
    let (absent, kept_value) = (absence::in_background(model), kept_value::in_background(model));
    let found = call::found(model, &quote_spanned!(span=> of_load(&__load)));
    let hooks = hooks::owned(model, &TokenStream::new());
    let run = call::run(model, true, &hooks, "__load");
    let before = quote_spanned! {span=>
        #begin
        let __load = || {
            #clones
            #body
        };
        #absent
        #found
        #kept_value
    };
    let inside = absence::present(model, before, run);
    model.function.with_rebound(&captures.names(), inside)
}

/// A load must be able to own what it captures.
pub(super) fn check(model: &Cached, because: &Ident, cx: &Ctxt) {
    let mut uses = model.function.statements();
    uses.extend(hooks::closures(&model.options));
    captures::check(&model.function, &uses, because, cx);
}
