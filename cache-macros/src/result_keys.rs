//! Keys that name the function's result: `"user:<return.id>"`. They are invalidated after the body.
//!
//! The parts that such a key takes from parameters are rendered before the body runs, since the body may move them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::Path;

use crate::key::{self, Key, Template};
use crate::params::{Params, RESULT};
use crate::template::Placeholder;

/// The code for keys that name the result.
#[derive(Default)]
pub(crate) struct ResultKeys {
    /// Statements before the body.
    pub(crate) before: TokenStream,
    /// Statements after the body, on `__value` and `__leave`.
    pub(crate) after: TokenStream,
    parts: usize,
}

/// The key's template, if it names the result.
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
    /// Adds a key or tag, to be emptied by this method of `Leave`.
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
                let #part = #krate::__private::rendered(#value);
            });
            quote_spanned!(span=> &#part)
        });
        let method = Ident::new(method, span);
        self.after.extend(quote_spanned!(span=> __leave.#method(|__w| { #statements });));
    }
}

/// A reference to the result, or to a field of it.
fn result(placeholder: &Placeholder, literal: Span) -> TokenStream {
    let span = Span::mixed_site().located_at(literal);
    let rest = placeholder.path[1..].iter().map(|name| key::member(name, span));
    if placeholder.path.len() == 1 {
        return quote_spanned!(span=> __value);
    }
    quote_spanned!(span=> &__value #(.#rest)*)
}
