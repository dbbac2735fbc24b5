//! The closures over the value: those of `ttl` and `unless`, which look at what is kept, and those that change what the body
//! returns.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

use super::model::{Cached, Options, Ttl};
use crate::captures::Captures;
use crate::rename_self;
use crate::tokens;

/// Everything that looks at what the body has returned.
pub(super) fn closures(options: &Options) -> TokenStream {
    let mut closures = over_the_value(options);
    options.value.to_tokens(&mut closures);
    options.negative.to_tokens(&mut closures);
    closures
}

/// The closures that see what is kept.
fn over_the_value(options: &Options) -> TokenStream {
    let mut closures = TokenStream::new();
    if let Some(Ttl::OfValue(closure)) = &options.ttl {
        closure.to_tokens(&mut closures);
    }
    options.unless.to_tokens(&mut closures);
    options.value_tags.to_tokens(&mut closures);
    closures
}

/// One closure that runs `before` and then shows the value to all of them.
pub(super) fn borrowed(options: &Options, before: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &options.shared.krate;
    let view = |method: &str, call: &str, closure: &dyn ToTokens| {
        let method = Ident::new(method, span);
        let at = span.located_at(tokens::first_span(&closure));
        let call = Ident::new(call, at);
        let krate = tokens::at(krate, at);
        let view = quote_spanned!(at=> #krate::__private::#call(__value, #closure));
        quote_spanned!(span=> __plan.#method(#view);)
    };
    let ttl = match &options.ttl {
        Some(Ttl::OfValue(closure)) => Some(view("ttl", "view", closure)),
        _ => None,
    };
    let unless = options.unless.as_ref().map(|closure: &Expr| view("unless", "view", closure));
    // Tags may borrow from the value.
    let tags = options.value_tags.as_ref().map(|closure| view("tags", "pick", closure));
    if ttl.is_none() && unless.is_none() && tags.is_none() {
        return quote_spanned!(span=> #krate::__private::keep);
    }
    quote_spanned!(span=> |__value, __plan| { #before #ttl #unless #tags })
}

/// The same, with clones of what the closures mention, for a load that outlives its caller.
pub(super) fn owned(model: &Cached, before: &TokenStream) -> TokenStream {
    let span = Span::mixed_site();
    let options = &model.options;
    let closures = over_the_value(options);
    if closures.is_empty() {
        return borrowed(options, &TokenStream::new());
    }
    let captures = Captures::of(&model.function, &closures).for_closures();
    let references = captures.references();
    let hooks = borrowed(options, &quote_spanned!(span=> #before #references));
    let hooks = rename_self::rename(hooks).tokens;
    if captures.is_empty() {
        return quote_spanned!(span=> move #hooks);
    }
    let clones = captures.detach(&options.shared.krate);
    quote_spanned!(span=> { #clones move #hooks })
}

/// A closure that makes `closure` for one load that can go on in the background, with clones of what it mentions. `call` is
/// the function of the runtime that calls it, and tells it the type of what it gets.
pub(super) fn made_for_a_load(
    model: &Cached,
    closure: &impl ToTokens,
    call: &str,
    at: Span,
) -> TokenStream {
    let krate = tokens::at(&model.options.shared.krate, at);
    let captures = Captures::of(&model.function, &closure.to_token_stream()).for_closures();
    let (clones, references) =
        (captures.detach(&model.options.shared.krate), captures.references());
    let closure = rename_self::rename(closure.to_token_stream()).tokens;
    let call = Ident::new(call, at);
    let call = quote_spanned!(at=> #krate::__private::#call(__value, #closure));
    quote_spanned!(at=> || { #clones move |__value| { #references #call } })
}
