//! Code that every expansion of `#[cached]` has: the call into the runtime, and the probes of the body's type.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

use super::model::{Cached, Options, Ttl};
use super::policy;
use crate::codegen;
use crate::duration::Length;
use crate::key::Key;
use crate::same;
use crate::tokens;

/// `let __call = ...;`, with everything that does not need the body.
pub(super) fn begin(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let krate = &options.shared.krate;
    let policy = policy::policy(options);
    let template = options.key.as_ref().and_then(codegen::template);
    let shared = options.policy.as_ref().map(tokens::first_span);
    let at = options.freshness.soft_timeout().or(shared);
    let site = codegen::Site::of(&model.function, krate, &policy, at, template);
    let call = codegen::call(krate, options.shared.cache.as_ref(), &site, &steps(model));
    let link = is_linked(options)
        .then(|| quote_spanned!(span=> let __link = #krate::__private::Link::new();));
    quote_spanned!(span=> #link #call)
}

/// The steps that need the arguments. The key and tags come last, so that a `when` that is false spares them.
fn steps(model: &Cached) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let mut steps = options.transactions.steps(&model.params);
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
    // In a batch each element has a key, which is written later.
    let key = options.key.as_ref().filter(|_| options.each.is_none()).map(|key| match key {
        Key::Template(_) => key.write(&model.params),
        Key::Expr(expr) => {
            let expr = tokens::borrowed(expr);
            quote_spanned!(span=> __link.key(__w, #expr);)
        }
    });
    steps.extend(key.map(|key| quote_spanned!(span=> .key(|__w| { #key }))));
    let tags = options.tags.iter().map(|tag| tag.write(&model.params));
    steps.extend(tags.map(|tag| quote_spanned!(span=> .tag(|__w| { #tag }))));
    steps
}

/// Whether the key may declare the type of its value. If the body returns another type, the compiler reports it at the key,
/// which is made before the body's type is known.
fn is_linked(options: &Options) -> bool {
    matches!(options.key, Some(Key::Expr(_)))
}

/// `let __shape = ...;`, and what follows from the type of the body. `probe` makes a probe of it.
pub(super) fn found(model: &Cached, probe: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let krate = &options.shared.krate;
    let shape = codegen::shape_of_something(&model.function, krate, probe);
    let by_arc = options.local.as_ref().map(|local| local.shape(krate));
    let kept = options.local.as_ref().map(|local| local.kept(krate));
    let value = quote_spanned!(span=> let __value = #krate::__private::ValueProbe::of(&__shape););
    let fingerprint = fingerprint(options);
    let link = is_linked(options).then(|| quote_spanned!(span=> __link.to(&__shape);));
    let option = options.negative_ttl.as_ref().map(|negative| negative.name.span());
    let option = option.map(|at| {
        let shape = quote_spanned!(span.located_at(at)=> &__shape);
        quote_spanned!(span=> #krate::__private::require_option(#shape);)
    });
    quote_spanned!(span=> #shape #option #by_arc #link #kept #value #fingerprint)
}

/// Sets the fingerprint of the values, of which `__value` is a probe. If the codec needs one and there is none, the compiler
/// reports it at the codec.
pub(super) fn fingerprint(options: &Options) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &options.shared.krate;
    let needed = options.encoding.needs_fingerprint().map(|at| {
        let value = quote_spanned!(span.located_at(at)=> &__value);
        quote_spanned!(span=> #krate::__private::require_fingerprint(#value);)
    });
    let fingerprint = codegen::fingerprint(krate);
    quote_spanned!(span=> #needed #fingerprint)
}

/// What compares two values.
pub(super) fn same(options: &Options) -> TokenStream {
    let value = Ident::new("__value", Span::mixed_site());
    same::of(&options.shared.krate, options.same.as_ref(), &value)
}

/// The call that runs a body that ends with its caller, or one that can go on in the background.
pub(super) fn run(model: &Cached, owned: bool, hooks: &TokenStream, body: &str) -> TokenStream {
    let at = where_it_returns(model);
    let same = same(&model.options);
    let body = Ident::new(body, Span::mixed_site());
    let local = model.options.local.as_ref();
    let run = match (local, owned) {
        (None, false) => "run",
        (None, true) => "run_owned",
        (Some(_), false) => "run_local",
        (Some(_), true) => "run_local_owned",
    };
    let run = Ident::new(run, at);
    let kept = local.map(|_| quote_spanned!(at=> __kept,));
    quote_spanned!(at=> __call.#run(__shape, #kept #hooks, #body).same(#same).await)
}

/// The span of the return type. The call that does everything has it, so that the compiler reports a value that cannot be
/// stored there, and once.
pub(super) fn where_it_returns(model: &Cached) -> Span {
    let span = Span::mixed_site();
    model.function.output().map_or(span, |output| span.located_at(tokens::first_span(output)))
}
