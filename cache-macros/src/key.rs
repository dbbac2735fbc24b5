//! A key in an attribute: a template, or an expression of a type that is `CacheKey`.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Token};

use crate::args::Arg;
use crate::ctxt::Ctxt;
use crate::params::Params;
use crate::template::{self, Mistake, Part, Placeholder};

pub(crate) enum Key {
    Template(Template),
    Expr(Expr),
}

/// A template, and the literal that it was written as.
pub(crate) struct Template {
    pub(crate) literal: LitStr,
    pub(crate) parts: Vec<Part>,
}

impl Key {
    /// Reads a key. A string is a template; anything else is an expression.
    pub(crate) fn parse(expr: Expr, cx: &Ctxt) -> Option<Self> {
        match expr {
            Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => {
                Template::parse(literal, cx).map(Key::Template)
            }
            Expr::Lit(ExprLit { lit, .. }) => {
                cx.error_at(lit, "a key is a string, such as `\"user:<id>\"`, or an expression of a type that is `CacheKey`");
                None
            }
            expr => Some(Key::Expr(expr)),
        }
    }

    /// Reads the keys of a list in brackets: `tags("users", UserKey { id })`.
    pub(crate) fn list(arg: Arg, cx: &Ctxt) -> Vec<Self> {
        let Some(tokens) = arg.list(cx) else { return Vec::new() };
        let keys = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens);
        let keys = cx.ok(keys).into_iter().flatten();
        keys.filter_map(|key| Key::parse(key, cx)).collect()
    }

    /// Reads the tags that an entry carries: `tags = ["users", GroupTag(id)]`.
    pub(crate) fn tags(arg: Arg, cx: &Ctxt) -> Option<Vec<Self>> {
        let tags = match arg.expr(cx)? {
            Expr::Array(tags) if !tags.elems.is_empty() => tags.elems,
            other => {
                cx.error_at(
                    other,
                    "`tags` are a list of at least one, each written as a key is: \
                     `tags = [\"tenant:<tenant>\"]`",
                );
                return None;
            }
        };
        Some(tags.into_iter().filter_map(|tag| Key::parse(tag, cx)).collect())
    }

    /// The statements that write the key to `__w`.
    pub(crate) fn write(&self, params: &Params) -> TokenStream {
        match self {
            Key::Template(template) => {
                template.write(|placeholder| argument(placeholder, template.literal.span(), params))
            }
            Key::Expr(expr) => {
                let key = borrowed(expr);
                quote_spanned!(Span::mixed_site()=> __w.key(#key);)
            }
        }
    }
}

impl ToTokens for Key {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Key::Template(template) => template.literal.to_tokens(tokens),
            Key::Expr(expr) => expr.to_tokens(tokens),
        }
    }
}

impl Template {
    pub(crate) fn parse(literal: LitStr, cx: &Ctxt) -> Option<Self> {
        let text = literal.value();
        match template::parse(&text) {
            Ok(parts) => Some(Template { literal, parts }),
            Err(mistakes) => {
                for mistake in mistakes {
                    cx.error_at(&literal, mistake.with_caret(&text));
                }
                None
            }
        }
    }

    pub(crate) fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(placeholder) => Some(placeholder),
            Part::Text { .. } => None,
        })
    }

    /// Reports a mistake at byte `at` of the template.
    pub(crate) fn error(&self, at: usize, message: String, cx: &Ctxt) {
        let mistake = Mistake::new(at, message);
        cx.error_at(&self.literal, mistake.with_caret(&self.literal.value()));
    }

    /// The statements that write the template to `__w`; `value` is what fills a placeholder.
    pub(crate) fn write(&self, mut value: impl FnMut(&Placeholder) -> TokenStream) -> TokenStream {
        let span = Span::mixed_site();
        let statements = self.parts.iter().map(|part| match part {
            Part::Text { text, .. } => quote_spanned!(span=> __w.literal(#text);),
            Part::Placeholder(placeholder) => {
                let value = value(placeholder);
                quote_spanned!(span=> __w.part(#value);)
            }
        });
        statements.collect()
    }
}

/// A reference to what fills `placeholder`.
///
/// A bare parameter has the place of its declaration, so that a type that is no `KeyPart` is
/// underlined there; of a field nothing is known but the template.
pub(crate) fn argument(placeholder: &Placeholder, literal: Span, params: &Params) -> TokenStream {
    let root = match params.get(placeholder.root()) {
        Some(list) if params.each.as_ref() == Some(list) => {
            Ident::new("__id", Span::mixed_site().located_at(list.span()))
        }
        Some(param) => param.clone(),
        None => Ident::new("self", params.receiver.unwrap_or(literal)),
    };
    if placeholder.path.len() == 1 {
        return quote_spanned!(root.span()=> &#root);
    }
    let mut root = root;
    root.set_span(literal.resolved_at(root.span()));
    let span = Span::mixed_site().located_at(literal);
    let rest = placeholder.path[1..].iter().map(|name| member(name, span));
    quote_spanned!(span=> &#root #(.#rest)*)
}

/// A field's name or index.
pub(crate) fn member(name: &str, span: Span) -> TokenStream {
    if let Ok(index) = name.parse::<u32>() {
        return syn::Index { index, span }.into_token_stream();
    }
    let plain = name.strip_prefix("r#").unwrap_or(name);
    let ident = match syn::parse_str::<Ident>(plain) {
        Ok(_) => Ident::new(plain, span),
        Err(_) if plain == "self" => Ident::new(plain, span),
        Err(_) => Ident::new_raw(plain, span),
    };
    ident.into_token_stream()
}

/// `&expr`, with brackets where they are needed, all of it where `expr` stands.
pub(crate) fn borrowed(expr: &Expr) -> TokenStream {
    let span = first_span(expr);
    let expr = bracketed(expr);
    quote_spanned!(span=> &#expr)
}

/// `expr`, with brackets where an operator or a method call beside it needs them.
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

/// Where `tokens` begin: on stable Rust, the most that can be said of where they are.
pub(crate) fn first_span(tokens: &impl ToTokens) -> Span {
    let first = tokens.to_token_stream().into_iter().next();
    first.map_or_else(Span::mixed_site, |token| token.span())
}

/// Whether `tokens` mention the variable anywhere, be it in a format string: `format!("user:{id}")`.
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

/// Whether the name at `at` is not that of a variable, but of a field or method (`user.id`, `User { id: 5 }`) or of a
/// path (`id::new()`).
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

/// Whether a format string takes `name` from where it stands: `{name}`, `{name:?}`.
pub(crate) fn in_format(literal: &str, name: &str) -> bool {
    literal.starts_with(['"', 'r'])
        && literal.match_indices('{').any(|(at, _)| {
            let rest = literal[at + 1..].strip_prefix(name);
            rest.is_some_and(|rest| rest.trim_start().starts_with(['}', ':']))
        })
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

    #[test]
    fn keywords_are_written_raw() {
        let field = |name| member(name, Span::call_site()).to_string();
        assert_eq!(field("type"), "r#type");
        assert_eq!(field("r#type"), "r#type");
        assert_eq!(field("id"), "id");
        assert_eq!(field("0"), "0");
    }
}
