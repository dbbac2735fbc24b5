//! Keys that name the function's result: `"user:<return.id>"`. They are invalidated after the body.
//!
//! The parts that such a key takes from parameters are rendered before the body runs, since the body may move them.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
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
    after: TokenStream,
    /// The same for each element of the result, `__id`.
    each: TokenStream,
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
        let each = params.each.as_ref().is_some_and(|list| list == RESULT);
        let condition = |placeholder: &Placeholder| params.condition(placeholder.root());
        let statements = key.write_where(condition, |placeholder| {
            if is_returned(placeholder) {
                let result = result(placeholder, literal, each);
                let is_element = each && placeholder.path.len() == 1;
                let check = (!is_element).then(|| key::check_single(&result, krate));
                return (check.unwrap_or_default(), result);
            }
            let part = format_ident!("__part{}", self.parts, span = span);
            self.parts += 1;
            let value = key::argument(placeholder, literal, params);
            let check = key::check_single(&value, krate);
            let condition = condition(placeholder);
            self.before.extend(quote_spanned! {span=>
                #condition
                #check
                #condition
                let #part = #krate::__private::rendered(#value);
            });
            (TokenStream::new(), quote_spanned!(span=> &#part))
        });
        let method = Ident::new(method, span);
        let after = if each { &mut self.each } else { &mut self.after };
        after.extend(quote_spanned!(span=> __leave.#method(|__w| { #statements });));
    }

    /// The statements after the body. `elements` makes an iterator over a list that is the result.
    pub(crate) fn after(&self, elements: impl FnOnce(&TokenStream) -> TokenStream) -> TokenStream {
        let (span, after, each) = (Span::mixed_site(), &self.after, &self.each);
        if each.is_empty() {
            return after.clone();
        }
        let elements = elements(&quote_spanned!(span=> __value));
        quote_spanned!(span=> #after for __id in #elements { #each })
    }
}

/// A reference to the result, to a field of it, or to an element.
fn result(placeholder: &Placeholder, literal: Span, each: bool) -> TokenStream {
    let span = Span::mixed_site().located_at(literal);
    let value = Ident::new(if each { "__id" } else { "__value" }, span);
    let rest = placeholder.path[1..].iter().map(|name| key::member(name, span));
    if placeholder.path.len() == 1 {
        return value.into_token_stream();
    }
    quote_spanned!(span=> &#value #(.#rest)*)
}
