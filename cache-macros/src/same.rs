//! `same = |a, b| ...`: what compares a value with what its encoding gives back, in the place of `PartialEq`.

use proc_macro2::{Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::{Expr, ExprClosure, Path};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::params::{self, Params};
use crate::tokens;

/// How the argument is written.
pub(crate) const USAGE: Usage = ("same", "same = |a, b| a.id == b.id");

pub(crate) fn parse(args: &mut Args, params: &Params, cx: &Ctxt) -> Option<Expr> {
    match args.take("same")?.expr(cx)? {
        Expr::Closure(closure) if closure.inputs.len() == 2 => {
            if let Some(name) = captured(&closure, params) {
                cx.error_at(
                    &closure.body,
                    format!(
                        "`same` sees the two values and nothing else, so it cannot use `{name}`"
                    ),
                );
                return None;
            }
            Some(Expr::Closure(closure))
        }
        path @ Expr::Path(_) => Some(path),
        other => {
            cx.error_at(
                other,
                "`same` must be a closure that compares two values: `same = |a: &User, b: &User| a.id == b.id`",
            );
            None
        }
    }
}

/// A parameter that the closure uses. Where it may bind the name itself, that is left to the compiler.
fn captured(closure: &ExprClosure, params: &Params) -> Option<String> {
    let bound: Vec<_> = closure.inputs.iter().flat_map(params::bound).collect();
    let body = closure.body.to_token_stream();
    if binds(body.clone()) {
        return None;
    }
    let names = params.names.iter().filter(|name| !bound.contains(name));
    let names = names.map(|name| name.unraw().to_string());
    let receiver = params.receiver.map(|_| "self".to_owned());
    names.chain(receiver).find(|name| tokens::mentions(body.clone(), name))
}

/// Whether there may be a binding: in a `let`, a `match`, a loop, a function or a closure.
fn binds(tokens: TokenStream) -> bool {
    let mut joined = false;
    tokens.into_iter().any(|token| {
        let follows = std::mem::take(&mut joined);
        match token {
            TokenTree::Ident(name) => {
                ["let", "match", "for", "fn", "macro_rules"].iter().any(|word| name == word)
            }
            TokenTree::Group(group) => binds(group.stream()),
            TokenTree::Punct(punct) => {
                joined = punct.spacing() == Spacing::Joint;
                // `||` is an operator, or a closure that binds nothing.
                punct.as_char() == '|' && !joined && !follows
            }
            TokenTree::Literal(_) => false,
        }
    })
}

/// What compares two values: by autoref, unless the attribute says it. `value` is a `ValueProbe` of them.
pub(crate) fn of(krate: &Path, same: Option<&Expr>, value: &Ident) -> TokenStream {
    let span = Span::mixed_site();
    if let Some(same) = same {
        let at = span.located_at(tokens::first_span(same));
        let krate = tokens::at(krate, at);
        return quote_spanned!(at=> #krate::__private::same(&#value, #same));
    }
    quote_spanned! {span=>
        {
            #[allow(unused_imports)]
            use #krate::__private::{Same0 as _, Same1 as _};
            (&#value).__cache_same()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn what_a_closure_uses_is_told_from_what_it_binds() {
        let params = Params::of(&parse_quote!(fn f(&self, id: u64, b: u64)));
        let found = |closure| captured(&closure, &params);
        assert_eq!(found(parse_quote!(|a, b| a == b || a == id)).as_deref(), Some("id"));
        assert_eq!(found(parse_quote!(|a, b| self.same(a, b))).as_deref(), Some("self"));
        for closure in [
            parse_quote!(|a, b| a.id == b.id()),
            parse_quote!(|id, b| id == b),
            parse_quote!(|User { id, .. }, b| id == b),
            parse_quote!(|a, b| a.iter().all(|id| b.has(id))),
            parse_quote!(|a, b| {
                let id = a.id;
                id == b.id
            }),
            parse_quote!(|a, b| match a {
                Some(id) => id == b,
                None => false,
            }),
        ] {
            assert_eq!(found(closure), None);
        }
    }
}
