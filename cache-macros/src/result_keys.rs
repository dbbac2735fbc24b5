//! Keys that name what the function returns: `"user:<return.id>"`. They are emptied after the body.
//!
//! What such a key takes from the parameters is written before the body runs, for the body may move them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::Path;

use crate::key::{self, Key, Template};
use crate::params::{Params, RESULT};
use crate::template::Placeholder;

/// The code for keys that are known only from what the function returns.
#[derive(Default)]
pub(crate) struct ResultKeys {
    /// Statements that stand before the body.
    pub(crate) before: TokenStream,
    /// Statements after it, on `__value` and `__leave`.
    pub(crate) after: TokenStream,
    parts: usize,
}

/// The template of a key that names what the function returns.
pub(crate) fn template(key: &Key) -> Option<&Template> {
    match key {
        Key::Template(template) if template.placeholders().any(is_returned) => Some(template),
        _ => None,
    }
}

pub(crate) fn is_returned(placeholder: &Placeholder) -> bool {
    placeholder.root() == RESULT
}

impl ResultKeys {
    /// Empties the key, or tag, by the method of `Leave` that does so.
    pub(crate) fn empty(&mut self, method: &str, key: &Template, params: &Params, krate: &Path) {
        let span = Span::mixed_site();
        let literal = key.literal.span();
        let statements = key.write(|placeholder| {
            if is_returned(placeholder) {
                return result(placeholder, literal);
            }
            let part = format_ident!("__part{}", self.parts, span = span);
            self.parts += 1;
            let value = key::argument(placeholder, literal, params);
            self.before.extend(quote_spanned! {span=>
                let #part = #krate::__private::written(#value);
            });
            quote_spanned!(span=> &#part)
        });
        let method = Ident::new(method, span);
        self.after.extend(quote_spanned!(span=> __leave.#method(|__w| { #statements });));
    }
}

/// A reference to what the function returned, or to a field of it.
fn result(placeholder: &Placeholder, literal: Span) -> TokenStream {
    let span = Span::mixed_site().located_at(literal);
    let rest = placeholder.path[1..].iter().map(|name| key::member(name, span));
    if placeholder.path.len() == 1 {
        return quote_spanned!(span=> __value);
    }
    quote_spanned!(span=> &__value #(.#rest)*)
}
