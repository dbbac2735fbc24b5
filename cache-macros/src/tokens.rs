//! Helpers for the user's tokens: their spans, the names that they mention, parentheses around them.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, Path};

/// The expression without the invisible group that a `$value:literal` of a `macro_rules!` macro arrives in.
pub(crate) fn ungrouped(mut expr: Expr) -> Expr {
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    expr
}

/// `&expr`, parenthesised if needed, with the span of `expr`.
pub(crate) fn borrowed(expr: &Expr) -> TokenStream {
    let span = first_span(expr);
    let expr = bracketed(expr);
    quote_spanned!(span=> &#expr)
}

/// `expr`, parenthesised unless an operator or a method call can stand beside it.
pub(crate) fn bracketed(expr: &Expr) -> TokenStream {
    match expr {
        Expr::Path(_)
        | Expr::Field(_)
        | Expr::Call(_)
        | Expr::MethodCall(_)
        | Expr::Macro(_)
        | Expr::Struct(_)
        | Expr::Paren(_)
        | Expr::Tuple(_)
        | Expr::Reference(_)
        | Expr::Index(_)
        | Expr::Lit(_)
        | Expr::Block(_) => expr.to_token_stream(),
        _ => quote_spanned!(first_span(expr)=> (#expr)),
    }
}

/// The span of the first token: stable Rust cannot join spans.
pub(crate) fn first_span(tokens: &impl ToTokens) -> Span {
    let first = tokens.to_token_stream().into_iter().next();
    first.map_or_else(Span::mixed_site, |token| token.span())
}

/// `tokens` as text for a message, with the spaces that people write.
pub(crate) fn text(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string();
    for (spaced, tight) in [
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" :: ", "::"),
        (" ,", ","),
        ("& ", "&"),
        (" :", ":"),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}

/// An expression as text for a message. What the parser has read has spaces around `::`.
pub(crate) fn code(expr: &impl ToTokens) -> String {
    expr.to_token_stream().to_string().replace(" :: ", "::")
}

/// All names in `tokens`.
pub(crate) fn names(tokens: TokenStream) -> Vec<Ident> {
    let names = tokens.into_iter().flat_map(|token| match token {
        TokenTree::Ident(name) => vec![name],
        TokenTree::Group(group) => names(group.stream()),
        _ => Vec::new(),
    });
    names.collect()
}

/// Whether `tokens` mention the variable, including in a format string: `format!("user:{id}")`.
pub(crate) fn mentions(tokens: TokenStream, name: &str) -> bool {
    let tokens: Vec<_> = tokens.into_iter().collect();
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(ident) => {
            let same = ident == name || ident.to_string().strip_prefix("r#") == Some(name);
            same && !is_of_something_else(&tokens, at)
        }
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Literal(literal) => in_format(&literal.to_string(), name),
        TokenTree::Punct(_) => false,
    })
}

/// Whether the name at `at` belongs to a field or method (`user.id`, `User { id: 5 }`) or a path (`id::new()`), not to a
/// variable.
fn is_of_something_else(tokens: &[TokenTree], at: usize) -> bool {
    let is = |at: Option<usize>, c: char| {
        let token = at.and_then(|at| tokens.get(at));
        matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
    };
    let (before, two_before) = (at.checked_sub(1), at.checked_sub(2));
    let of_value = is(before, '.') && !is(two_before, '.');
    let of_path = is(before, ':') && is(two_before, ':');
    of_value || of_path || is(Some(at + 1), ':')
}

/// Whether a format string captures `name`: `{name}`, `{name:?}`.
pub(crate) fn in_format(literal: &str, name: &str) -> bool {
    literal.starts_with(['"', 'r'])
        && literal.match_indices('{').any(|(at, _)| {
            let rest = literal[at + 1..].strip_prefix(name);
            rest.is_some_and(|rest| rest.trim_start().starts_with(['}', ':']))
        })
}

/// The path with another span: the compiler reports errors of a call through it there.
pub(crate) fn at(path: &Path, span: Span) -> Path {
    let mut path = path.clone();
    if let Some(colons) = &mut path.leading_colon {
        colons.spans = [span; 2];
    }
    for segment in &mut path.segments {
        segment.ident.set_span(segment.ident.span().located_at(span));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn mentions_are_found_at_any_depth() {
        let key = quote!(format!("a:{id}:{}", f(&[user.name])));
        assert!(mentions(key.clone(), "id"));
        assert!(mentions(key.clone(), "user"));
        assert!(!mentions(key.clone(), "a"));
        assert!(!mentions(key, "locale"));
        assert!(mentions(quote!(r#type), "type"));
    }

    #[test]
    fn what_has_the_same_name_is_no_mention() {
        for other in
            [quote!(user.id), quote!(User { id: 5 }), quote!(id::new()), quote!(a::id(b.id()))]
        {
            assert!(!mentions(other.clone(), "id"), "{other}");
        }
        for id in [quote!(0..id), quote!(User { id }), quote!(User { id }), quote!(id.len())] {
            assert!(mentions(id.clone(), "id"), "{id}");
        }
    }

    #[test]
    fn only_needed_brackets_are_written() {
        let written = |text| borrowed(&syn::parse_str(text).unwrap()).to_string();
        assert_eq!(written("self.cache"), quote!(&self.cache).to_string());
        assert_eq!(written("a + b"), quote!(&(a + b)).to_string());
    }
}
