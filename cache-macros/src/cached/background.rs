//! A function whose loads may go on where their callers are gone: with `stale_while_revalidate`, `refresh_ahead`,
//! `soft_timeout`, or a policy and `background`. A load owns clones of what it uses, made when it begins.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::expand;
use super::model::{Cached, Options, Ttl};
use crate::ctxt::Ctxt;
use crate::owned::{self, Owned};
use crate::receiver;

pub(super) fn expand(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &model.options.common.krate;
    let call = expand::call(model);
    let statements = model.function.statements();
    let owned = Owned::of(&model.function, &statements);
    let clones = owned.detach(krate);
    let body = receiver::rename(statements).tokens;
    let body = model.function.future(&owned.references(), body);
    let found = expand::found(model, &quote_spanned!(span=> of_load(&__load)));
    let hooks = hooks(model, &TokenStream::new());
    let at = expand::where_it_returns(model);
    let run = quote_spanned!(at=> __call.run_owned(__shape, #hooks, __load).await);
    model.function.with_rebound(
        &owned.names(),
        quote_spanned! {span=>
            #call
            let __load = || {
                #clones
                #body
            };
            #found
            #run
        },
    )
}

/// The closures over the value, after the statements `before`: a load takes them along too.
pub(super) fn hooks(model: &Cached, before: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let closures = closures(options);
    if closures.is_empty() {
        return expand::hooks(options, &TokenStream::new());
    }
    let owned = Owned::of(&model.function, &closures).for_closures();
    let references = owned.references();
    let hooks = expand::hooks(options, &quote_spanned!(span=> #before #references));
    let hooks = receiver::rename(hooks).tokens;
    if owned.is_empty() {
        return quote_spanned!(span=> move #hooks);
    }
    let clones = owned.detach(&options.common.krate);
    quote_spanned!(span=> { #clones move #hooks })
}

/// Those that the arguments have.
pub(super) fn closures(options: &Options) -> TokenStream {
    let mut closures = TokenStream::new();
    if let Some(Ttl::OfValue(closure)) = &options.ttl {
        closure.to_tokens(&mut closures);
    }
    options.unless.to_tokens(&mut closures);
    closures
}

/// What a load takes along must be such that it can.
pub(super) fn check(model: &Cached, because: &Ident, cx: &Ctxt) {
    let mut uses = model.function.statements();
    uses.extend(closures(&model.options));
    owned::check(&model.function, &uses, because, cx);
}
