//! Keys and tags in attributes: a template, or an expression of a type that implements `CacheKey`.

use std::fmt;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Path, Token};

use crate::args::Arg;
use crate::ctxt::Ctxt;
use crate::params::Params;
use crate::template::{self, Mistake, Part, Placeholder};
use crate::tokens;

pub(crate) enum Key {
    Template(Template),
    Expr(Expr),
}

/// A template, and the literal that it comes from.
pub(crate) struct Template {
    pub(crate) literal: LitStr,
    pub(crate) parts: Vec<Part>,
    /// What it is in messages.
    pub(crate) noun: Noun,
}

/// What a template or an expression is in messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noun {
    Key,
    Tag,
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Noun::Key => "key",
            Noun::Tag => "tag",
        })
    }
}

impl Key {
    /// Parses a key. A string is a template; anything else is an expression.
    pub(crate) fn parse(expr: Expr, cx: &Ctxt) -> Option<Self> {
        match tokens::ungrouped(expr) {
            Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => {
                Template::parse(literal, cx).map(Key::Template)
            }
            Expr::Lit(ExprLit { lit, .. }) => {
                cx.error_at(lit, "a key must be a string, such as `\"user:<id>\"`, or an expression of a type that implements `CacheKey`");
                None
            }
            Expr::Array(array) => {
                cx.error_at(array, "a key is one string, or one expression: remove the brackets");
                None
            }
            Expr::Closure(closure) => {
                cx.error_at(closure, "a key is an expression over the parameters, not a closure: write its body alone, or a template such as `\"user:<id>\"`");
                None
            }
            expr if begins_with_text(&expr) => {
                cx.error_at(expr, "a template names parameters in the string: write it like `\"user:<id>\"`, or `format!(...)`");
                None
            }
            expr => Some(Key::Expr(expr)),
        }
    }

    /// Parses the keys of a list in parentheses: `tags("users", UserKey { id })`.
    pub(crate) fn list(arg: Arg, cx: &Ctxt) -> Vec<Self> {
        let Some(tokens) = arg.list(cx) else {
            return Vec::new();
        };
        let keys = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens);
        let keys = cx.ok(keys).into_iter().flatten();
        keys.filter_map(|key| Key::parse(key, cx)).collect()
    }

    /// Parses the tags of an entry: `tags = ["users", GroupTag(id)]`.
    pub(crate) fn tags(arg: Arg, cx: &Ctxt) -> Option<Vec<Self>> {
        let tags = match arg.expr(cx)? {
            Expr::Array(tags) if !tags.elems.is_empty() => tags.elems,
            other => {
                let tag = match &other {
                    Expr::Array(_) => "\"tenant:<tenant>\"".to_owned(),
                    Expr::Tuple(tags) => tokens::code(&tags.elems),
                    one => tokens::code(one),
                };
                let message = format!(
                    "`tags` must be a list of at least one tag, each written like a key: `tags = [{tag}]`"
                );
                cx.error_at(other, message);
                return None;
            }
        };
        Some(tags.into_iter().filter_map(|tag| Key::parse(tag, cx)).map(Key::into_tag).collect())
    }

    /// The same, called a tag in messages.
    pub(crate) fn into_tag(mut self) -> Self {
        if let Key::Template(template) = &mut self {
            template.noun = Noun::Tag;
        }
        self
    }

    /// Statements that write the key to `__w`.
    pub(crate) fn write(&self, params: &Params) -> TokenStream {
        self.write_with(params, |_, _| TokenStream::new())
    }

    /// The same for a key of a writer, in which the compiler refuses a list. The element of `each` may be one.
    pub(crate) fn write_single(&self, params: &Params, krate: &Path) -> TokenStream {
        self.write_with(params, |placeholder, argument| {
            let is_element = params.each.as_ref().is_some_and(|list| {
                placeholder.path.len() == 1
                    && list.unraw() == placeholder.root().trim_start_matches("r#")
            });
            if is_element { TokenStream::new() } else { check_single(argument, krate) }
        })
    }

    fn write_with(
        &self,
        params: &Params,
        before: impl Fn(&Placeholder, &TokenStream) -> TokenStream,
    ) -> TokenStream {
        match self {
            Key::Template(template) => template.write_where(
                |placeholder| params.condition(placeholder.root()),
                |placeholder| {
                    let argument = argument(placeholder, template.literal.span(), params);
                    (before(placeholder, &argument), argument)
                },
            ),
            Key::Expr(expr) => {
                let key = tokens::borrowed(expr);
                quote_spanned!(Span::mixed_site()=> __w.key(#key);)
            }
        }
    }
}

/// Whether `expr` adds to a string: `"user:" + id`.
fn begins_with_text(expr: &Expr) -> bool {
    match expr {
        Expr::Binary(sum) => match &*sum.left {
            Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => true,
            left => begins_with_text(left),
        },
        _ => false,
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
            Ok(parts) => Some(Template { literal, parts, noun: Noun::Key }),
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

    /// An expression that makes the same text. `written` gives what stands in the place of `<name>`.
    pub(crate) fn as_format(&self, written: impl Fn(&str) -> String) -> String {
        template::as_format(&self.literal.value(), written)
    }

    /// Reports a mistake at byte `at`.
    pub(crate) fn error(&self, at: usize, message: String, cx: &Ctxt) {
        let mistake = Mistake::new(at, message);
        cx.error_at(&self.literal, mistake.with_caret(&self.literal.value()));
    }

    /// Statements that write the template to `__w`. `value` gives the code of what fills a placeholder.
    pub(crate) fn write(&self, value: impl Fn(&Placeholder) -> TokenStream) -> TokenStream {
        self.write_where(
            |_| TokenStream::new(),
            |placeholder| (TokenStream::new(), value(placeholder)),
        )
    }

    /// The same, where `condition` gives the `#[cfg]` attributes of a placeholder, and `value` a statement before as well.
    pub(crate) fn write_where(
        &self,
        condition: impl Fn(&Placeholder) -> TokenStream,
        mut value: impl FnMut(&Placeholder) -> (TokenStream, TokenStream),
    ) -> TokenStream {
        let span = Span::mixed_site();
        let text = self.literal.value();
        let template = quote_spanned!(span=> __w.template(#text););
        let statements = self.parts.iter().map(|part| match part {
            Part::Text { text, .. } => quote_spanned!(span=> __w.literal(#text);),
            Part::Placeholder(placeholder) => {
                let condition = condition(placeholder);
                let (before, value) = value(placeholder);
                let before =
                    (!before.is_empty()).then(|| quote_spanned!(span=> #condition #before));
                quote_spanned!(span=> #before #condition __w.part(#value);)
            }
        });
        std::iter::once(template).chain(statements).collect()
    }
}

/// A statement that does nothing, and does not compile if `argument` is a list.
pub(crate) fn check_single(argument: &TokenStream, krate: &Path) -> TokenStream {
    let span = Span::mixed_site();
    let at = span.located_at(tokens::first_span(argument));
    let check = {
        let krate = tokens::at(krate, at);
        quote_spanned!(at=> (&&&#krate::__private::single::Single(#argument)).__cache_single())
    };
    quote_spanned! {span=>
        if false {
            use #krate::__private::single::*;
            #check;
        }
    }
}

/// A reference to what fills `placeholder`.
///
/// A bare parameter has the span of its declaration: if its type is no `KeyPart`, the compiler underlines that. A field
/// has the span of the template.
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

/// A field's name or index, or a method's call.
pub(crate) fn member(name: &str, span: Span) -> TokenStream {
    if let Some(method) = name.strip_suffix("()") {
        let method = member(method, span);
        return quote_spanned!(span=> #method());
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_written_raw() {
        let field = |name| member(name, Span::call_site()).to_string();
        assert_eq!(field("type"), "r#type");
        assert_eq!(field("r#type"), "r#type");
        assert_eq!(field("id"), "id");
        assert_eq!(field("0"), "0");
    }
}
