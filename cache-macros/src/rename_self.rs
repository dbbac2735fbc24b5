//! Renames `self`, for a body that moves into a closure with a clone of it.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};

use crate::tokens;

/// Tokens in which `self` is called `__self`.
#[derive(Default)]
pub(crate) struct Renamed {
    pub(crate) tokens: TokenStream,
    /// Whether `self` occurred.
    pub(crate) used: bool,
    /// Strings that look like format strings which capture `self`.
    pub(crate) captures: Vec<Literal>,
}

/// The new name, with the span of `self`: as much the user's as that.
pub(crate) fn renamed(this: Span) -> Ident {
    Ident::new("__self", this)
}

/// Renames the function's `self`: not the one in `self::path`, nor that of nested functions and implementations.
pub(crate) fn rename(tokens: TokenStream) -> Renamed {
    let mut renamed = Renamed::default();
    renamed.read(tokens);
    renamed
}

impl Renamed {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let item = end_of_item(&tokens[at..]);
            if item > 0 {
                self.tokens.extend(tokens[at..at + item].iter().cloned());
                at += item;
                continue;
            }
            let token = self.read_one(tokens[at].clone(), &tokens[at + 1..]);
            self.tokens.extend([token]);
            at += 1;
        }
    }

    fn read_one(&mut self, token: TokenTree, rest: &[TokenTree]) -> TokenTree {
        match token {
            TokenTree::Ident(this) if this == "self" && !starts_path(rest) => {
                self.used = true;
                renamed(this.span()).into()
            }
            TokenTree::Group(group) => {
                let outside = std::mem::take(&mut self.tokens);
                self.read(group.stream());
                let inside = std::mem::replace(&mut self.tokens, outside);
                let mut renamed = Group::new(group.delimiter(), inside);
                renamed.set_span(group.span());
                renamed.into()
            }
            TokenTree::Literal(literal) => {
                if tokens::in_format(&literal.to_string(), "self") {
                    self.captures.push(literal.clone());
                }
                literal.into()
            }
            other => other,
        }
    }
}

/// Whether the next tokens are `::`.
fn starts_path(rest: &[TokenTree]) -> bool {
    matches!(rest, [TokenTree::Punct(a), TokenTree::Punct(b), ..] if a.as_char() == ':' && b.as_char() == ':')
}

/// The number of tokens of the function, implementation or trait that begins here; 0 if none does.
fn end_of_item(tokens: &[TokenTree]) -> usize {
    let is = |at: usize, name: &str| matches!(tokens.get(at), Some(TokenTree::Ident(ident)) if ident == name);
    // A function has a name; the type of a pointer to one has not.
    let function = is(0, "fn") && matches!(tokens.get(1), Some(TokenTree::Ident(_)));
    if !(function || is(0, "impl") || is(0, "trait")) {
        return 0;
    }
    let ends = |(at, token): (usize, &TokenTree)| match token {
        // A constant in braces is an argument of a type: `impl Trait for Array<{ N }>`.
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => !matches!(
            &tokens[at - 1],
            TokenTree::Punct(before) if matches!(before.as_char(), '<' | ',' | '=')
        ),
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    tokens.iter().enumerate().skip(1).position(ends).map_or(0, |before| before + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn is_renamed(body: TokenStream, expected: TokenStream) {
        let renamed = rename(body);
        assert_eq!(renamed.tokens.to_string(), expected.to_string());
    }

    #[test]
    fn self_is_renamed_at_any_depth() {
        is_renamed(
            quote!(self.db.find(&self.tenant, vec![self, format!("{}", self.id)]).await),
            quote!(__self.db.find(&__self.tenant, vec![__self, format!("{}", __self.id)]).await),
        );
        is_renamed(
            quote!(let f: fn(u8) -> u8 = |x| x; { self }),
            quote!(let f: fn(u8) -> u8 = |x| x; { __self }),
        );
        is_renamed(
            quote!(if a < b {
                self
            }),
            quote!(if a < b {
                __self
            }),
        );
    }

    #[test]
    fn what_has_its_own_self_keeps_it() {
        for kept in [
            quote!(use self::db;, self::db::find(Self::id()).await),
            quote!(impl Trait for Array<{ N }> { fn f(&self) -> u8 { self.0 } }),
            quote!(
                trait Trait {
                    fn f(&self) -> u8;
                }
            ),
            quote!(
                fn f(this: &Self) -> [u8; { 1 }] {
                    self
                }
            ),
        ] {
            let renamed = rename(kept.clone());
            assert_eq!(renamed.tokens.to_string(), kept.to_string());
            assert!(!renamed.used);
        }
        is_renamed(
            quote!(impl A for B { fn f(self) {} } self.x),
            quote!(impl A for B { fn f(self) {} } __self.x),
        );
    }

    #[test]
    fn strings_that_capture_self_are_found() {
        assert_eq!(rename(quote!(println!("{self} {self:?} {id}"))).captures.len(), 1);
        assert!(rename(quote!(println!("{self_} self {{}}", self))).captures.is_empty());
    }
}
