//! Functions whose loads can outlive their callers: with `stale_while_revalidate`, `refresh_ahead`, `soft_timeout`, or a
//! policy and `background`. A load owns clones of what it uses, made when it begins.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::model::Cached;
use super::{call, hooks, negative};
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
    let negative = model.options.negative.as_ref();
    let body = negative::absent(negative, model.function.future(&captures.within(), body));
    let found = call::found(model, &quote_spanned!(span=> of_load(&__load)));
    let hooks = hooks::owned(model, &TokenStream::new());
    let run = call::run(model, true, &hooks, "__load");
    let before = quote_spanned! {span=>
        #begin
        let __load = || {
            #clones
            #body
        };
        #found
    };
    model.function.with_rebound(&captures.names(), negative::present(negative, before, run))
}

/// A load must be able to own what it captures.
pub(super) fn check(model: &Cached, because: &Ident, cx: &Ctxt) {
    let mut uses = model.function.statements();
    uses.extend(hooks::closures(&model.options));
    captures::check(&model.function, &uses, because, cx);
}
