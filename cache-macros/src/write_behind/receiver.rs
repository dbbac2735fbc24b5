//! The `self` of a batch function, in the functions that are made beside it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Type;

use super::model::{Batch, ReceiverForm, WriteBehind};

/// The `self` of the functions: in the user's own words, since the arguments may speak of it too.
pub(super) struct Receiver {
    receiver: ReceiverForm,
    name: Ident,
}

impl Receiver {
    pub(super) fn of(model: &WriteBehind, batch: &Batch<'_>) -> Receiver {
        let at = model.params.receiver.unwrap_or_else(Span::mixed_site);
        Receiver { receiver: batch.receiver, name: Ident::new("self", at) }
    }

    /// How the functions that only look at it take it.
    pub(super) fn borrowed(&self) -> TokenStream {
        let this = &self.name;
        match self.receiver {
            ReceiverForm::None => TokenStream::new(),
            _ => quote_spanned!(Span::mixed_site()=> &#this,),
        }
    }

    /// How the flusher takes it, which keeps a clone, and what that asks of it.
    pub(super) fn kept(&self) -> (TokenStream, TokenStream) {
        let (span, this) = (Span::mixed_site(), &self.name);
        // Where it is not a `Clone`, say, that is shown at the function's own `self`.
        let at = span.located_at(this.span());
        match self.receiver {
            ReceiverForm::None => Default::default(),
            ReceiverForm::Reference => (
                quote_spanned!(span=> &#this),
                quote_spanned! {at=>
                    where Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static
                },
            ),
            ReceiverForm::Shared | ReceiverForm::SharedReference => (
                quote_spanned!(span=> #this: &::std::sync::Arc<Self>),
                quote_spanned! {at=>
                    where Self: ::core::marker::Send + ::core::marker::Sync + 'static
                },
            ),
        }
    }

    /// The call of another of the functions.
    pub(super) fn call(&self, name: &Ident) -> TokenStream {
        let (span, this) = (Span::mixed_site(), &self.name);
        match self.receiver {
            ReceiverForm::None => quote_spanned!(span=> #name()),
            _ => quote_spanned!(span=> Self::#name(#this)),
        }
    }

    /// What the flusher runs: the batch function, on a clone of its own.
    pub(super) fn flush(&self, function: &Ident, parameter: &Type, at: Span) -> TokenStream {
        let (span, this) = (Span::mixed_site(), &self.name);
        let clone = quote_spanned!(span=> ::core::clone::Clone::clone);
        match self.receiver {
            ReceiverForm::None => quote_spanned!(at=> |__batch: #parameter| #function(__batch)),
            ReceiverForm::Reference | ReceiverForm::SharedReference => quote_spanned! {at=>
                {
                    let __this = #clone(#this);
                    move |__batch: #parameter| {
                        let __this = #clone(&__this);
                        async move { Self::#function(&__this, __batch).await }
                    }
                }
            },
            ReceiverForm::Shared => quote_spanned! {at=>
                {
                    let __this = #clone(#this);
                    move |__batch: #parameter| Self::#function(#clone(&__this), __batch)
                }
            },
        }
    }
}
