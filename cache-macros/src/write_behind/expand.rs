//! Generates what `#[write_behind]` adds: a function that accepts a value, one that returns the queue, and one that starts
//! its flusher. The batch function stays as it is.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};

use super::model::{Batch, Options, Setting, WriteBehind};
use super::receiver::Receiver;
use crate::codegen;
use crate::duration::Length;
use crate::key::Key;
use crate::same;
use crate::tokens;

pub(super) fn expand(model: &WriteBehind, batch: &Batch<'_>) -> Option<TokenStream> {
    let enqueue = model.options.enqueue.as_ref()?;
    let names =
        Names { queue: beside(&enqueue.name, "queue"), flusher: beside(&enqueue.name, "flusher") };
    let halves = [
        accept(model, batch, &names)?,
        queue(model, batch, &names)?,
        flusher(model, batch, &names),
    ];
    let outer = model.function.outer();
    Some(halves.into_iter().map(|half| quote_spanned!(Span::mixed_site()=> #outer #half)).collect())
}

/// The names of the other added functions.
struct Names {
    queue: Ident,
    flusher: Ident,
}

fn beside(name: &Ident, what: &str) -> Ident {
    format_ident!("{name}_{what}", span = name.span())
}

/// `save`: adds a value to the queue, under its key.
fn accept(model: &WriteBehind, batch: &Batch<'_>, names: &Names) -> Option<TokenStream> {
    let span = Span::mixed_site();
    let enqueue = model.options.enqueue.as_ref()?;
    let krate = &model.options.shared.krate;
    let this = Receiver::of(model, batch);
    let (vis, receiver, queue) = (model.function.vis(), this.borrowed(), this.call(&names.queue));
    let (name, value, ty) = (&enqueue.name, &enqueue.value, batch.value);
    let key = match model.options.key.as_ref()? {
        key @ Key::Template(_) => key.write(&model.params),
        // A key that is an expression may declare the type of its value.
        Key::Expr(expr) => {
            let expr = tokens::borrowed(expr);
            quote_spanned!(span=> #krate::__private::queue_key(&__queue, __w, #expr);)
        }
    };
    let tags = tags(model);
    let accepted = match tags.is_empty() {
        true => quote_spanned!(span=> enqueue(&__queue, |__w| { #key }, #value)),
        false => quote_spanned! {span=>
            enqueue_tagged(&__queue, |__w| { #key }, [#(#tags),*], #value)
        },
    };
    let accepted = codegen::ended(&quote_spanned!(span=> #krate::__private::#accepted.await));
    let doc = format!(
        "Accepts one value to be written behind. Readers see it at once; `{}` writes it later, in a batch.\n\n\
         # Errors\n\nSee `WriteBehind::write`.",
        model.function.sig.ident,
    );
    Some(quote_spanned! {span=>
        #[doc = #doc]
        #vis async fn #name(#receiver #value: &#ty) -> ::core::result::Result<(), #krate::Error> {
            let __queue = #queue;
            #accepted
        }
    })
}

/// The stored tags of one value.
fn tags(model: &WriteBehind) -> Vec<TokenStream> {
    let krate = &model.options.shared.krate;
    let stored = model.options.tags.iter().map(|tag| {
        let tag = tag.write(&model.params);
        quote_spanned!(Span::mixed_site()=> #krate::__private::queue_tag(&__queue, |__w| { #tag }))
    });
    stored.collect()
}

/// `save_queue`: returns the queue.
fn queue(model: &WriteBehind, batch: &Batch<'_>, names: &Names) -> Option<TokenStream> {
    let span = Span::mixed_site();
    let options = &model.options;
    let krate = &options.shared.krate;
    let (vis, name, title, ty) =
        (model.function.vis(), &names.queue, options.queue.as_ref()?, batch.value);
    let receiver = Receiver::of(model, batch).borrowed();
    let policy = policy(options);
    let cache = match &options.shared.cache {
        None => quote_spanned!(span=> ::core::option::Option::None),
        Some(cache) => {
            let cache = tokens::borrowed(cache);
            quote_spanned!(span=> ::core::option::Option::Some(#cache))
        }
    };
    // With this span, the compiler reports a type that cannot be stored where the user wrote it.
    let at = span.located_at(tokens::first_span(ty));
    let made = tokens::at(krate, at);
    let shared = options.policy.as_ref().map(tokens::first_span);
    let site = codegen::Site::of(&model.function, krate, &policy, shared, None);
    let codegen::Site { items, reference } = &site;
    let made = quote_spanned!(at=> #made::__private::queue::<#ty>(#reference, #cache, #title));
    let fingerprint = fingerprint(options);
    let ttl = match &options.ttl {
        Some(Length::Expr(ttl)) => Some(quote_spanned! {span=>
            let __queue = #krate::__private::queue_ttl(__queue, #ttl);
        }),
        _ => None,
    };
    let settings = options.settings.iter().map(|(name, setting)| {
        let (name, setting) = (Ident::new(name, span), setting.value(krate));
        quote_spanned!(span=> .#name(#setting))
    });
    let doc =
        "The queue of accepted values: its length, its dead letters, and what a crash would lose.";
    Some(quote_spanned! {span=>
        #[doc = #doc]
        #[allow(dead_code)]
        #[must_use]
        #vis fn #name(#receiver) -> #krate::WriteBehind<#ty> {
            #items
            let __queue = #made;
            #fingerprint
            #ttl
            __queue #(#settings)*
        }
    })
}

/// The part of the policy that is constant.
fn policy(options: &Options) -> TokenStream {
    let krate = &options.shared.krate;
    let shared = options.policy.as_ref().map(tokens::bracketed);
    let mut policy = codegen::policy(krate, shared, options.ttl.as_ref());
    policy = options.freshness.policy(krate, policy);
    policy.extend(options.encoding.policy(krate));
    policy.extend(options.shared.policy());
    policy
}

/// Sets the fingerprint of the queue's values. If the codec needs one and there is none, the compiler reports it at the codec.
fn fingerprint(options: &Options) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &options.shared.krate;
    let needed = options.encoding.needs_fingerprint().map(|at| {
        let value = quote_spanned!(span.located_at(at)=> &__value);
        quote_spanned!(span=> #krate::__private::require_fingerprint(#value);)
    });
    let same = same::of(krate, options.same.as_ref(), &Ident::new("__value", span));
    quote_spanned! {span=>
        let __value = #krate::__private::ValueProbe::of_queue(&__queue);
        #needed
        let __queue = #krate::__private::queue_fingerprint(__queue, {
            #[allow(unused_imports)]
            use #krate::__private::{Fingerprint0 as _, Fingerprint1 as _};
            (&__value).__cache_fingerprint()
        });
        let __queue = #krate::__private::queue_same(__queue, #same);
    }
}

/// `save_flusher`: starts the task that calls the batch function.
fn flusher(model: &WriteBehind, batch: &Batch<'_>, names: &Names) -> TokenStream {
    let span = Span::mixed_site();
    let krate = &model.options.shared.krate;
    let function = &model.function.sig.ident;
    let (vis, name) = (model.function.vis(), &names.flusher);
    let this = Receiver::of(model, batch);
    let (receiver, bounds) = this.kept();
    let queue = this.call(&names.queue);
    let doc = format!(
        "Starts a task that flushes the queue by `{function}`, until the flusher is shut down or dropped. One flusher of \
         all processes works at a time; the others stand by.",
    );
    // With this span, the compiler reports a function that returns no `Result` at its return type.
    let output = model.function.output();
    let at = output.map_or(span, |output| span.located_at(tokens::first_span(output)));
    let start = tokens::at(krate, at);
    let flush = this.flush(function, batch.parameter, at);
    let start = quote_spanned!(at=> #start::__private::flusher(&#queue, #flush));
    quote_spanned! {span=>
        #[doc = #doc]
        #[allow(dead_code)]
        #vis fn #name(#receiver) -> #krate::Flusher #bounds {
            #start
        }
    }
}

impl Setting {
    /// The argument of the method that sets it.
    fn value(&self, krate: &syn::Path) -> TokenStream {
        let span = Span::mixed_site();
        match self {
            Setting::Number(number) => quote_spanned!(span=> #number),
            Setting::Time(Length::Expr(time)) => {
                quote_spanned!(span=> #krate::IntoTtl::into_ttl(#time))
            }
            Setting::Time(time) => time.duration(),
        }
    }
}
