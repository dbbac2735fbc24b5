//! The `self` of a batch function, as the added functions take and use it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Type;

use super::model::{Batch, ReceiverForm, WriteBehind};

/// `self`, with the user's span, since the arguments may name it too.
pub(super) struct Receiver {
    receiver: ReceiverForm,
    name: Ident,
}

impl Receiver {
    pub(super) fn of(model: &WriteBehind, batch: &Batch<'_>) -> Receiver {
        let at = model.params.receiver.unwrap_or_else(Span::mixed_site);
        Receiver { receiver: batch.receiver, name: Ident::new("self", at) }
    }

    /// The parameter of a function that only borrows it.
    pub(super) fn borrowed(&self) -> TokenStream {
        let this = &self.name;
        match self.receiver {
            ReceiverForm::None => TokenStream::new(),
            _ => quote_spanned!(Span::mixed_site()=> &#this,),
        }
    }

    /// The parameter of the function that starts the flusher, which keeps a clone, and the bounds that needs.
    pub(super) fn kept(&self) -> (TokenStream, TokenStream) {
        let (span, this) = (Span::mixed_site(), &self.name);
        // With this span, the compiler reports a missing bound at the function's own `self`.
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

    /// A call of another added function.
    pub(super) fn call(&self, name: &Ident) -> TokenStream {
        let (span, this) = (Span::mixed_site(), &self.name);
        match self.receiver {
            ReceiverForm::None => quote_spanned!(span=> #name()),
            _ => quote_spanned!(span=> Self::#name(#this)),
        }
    }

    /// The closure that the flusher runs: the batch function, on the clone.
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
