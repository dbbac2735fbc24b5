//! The parameters of a function as its body sees them: every name that a pattern binds.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{FnArg, Pat, PatIdent, PatType, Signature, Type};

/// The names that a key may use.
#[derive(Default)]
pub(crate) struct Params {
    /// The span of `self`, if the function has one.
    pub(crate) receiver: Option<Span>,
    pub(crate) names: Vec<Ident>,
    /// The list of `each = ...`: in a key, its name stands for one element.
    pub(crate) each: Option<Ident>,
    /// Whether a key may name [`RESULT`] too.
    pub(crate) result: bool,
}

/// The name of the function's result in a key: `<return.id>`. No parameter can have this name.
pub(crate) const RESULT: &str = "return";

impl Params {
    /// The names that the patterns of `sig` bind.
    pub(crate) fn of(sig: &Signature) -> Self {
        let mut params = Params::default();
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(receiver) => params.receiver = Some(receiver.self_token.span),
                FnArg::Typed(typed) => params.names.extend(bound(&typed.pat)),
            }
        }
        params
    }

    /// The parameter of this name, raw or not.
    pub(crate) fn get(&self, name: &str) -> Option<&Ident> {
        let plain = name.strip_prefix("r#").unwrap_or(name);
        self.names.iter().find(|param| param.unraw() == plain)
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
            || (name == "self" && self.receiver.is_some())
            || (name == RESULT && self.result)
    }

    /// The names as a key writes them.
    pub(crate) fn list(&self) -> Vec<String> {
        let names = self.names.iter().map(|n| n.unraw().to_string());
        names.chain(self.result.then(|| RESULT.to_owned())).collect()
    }
}

/// The names that `pat` binds, in order.
pub(crate) fn bound(pat: &Pat) -> Vec<Ident> {
    bindings(pat).into_iter().map(|bound| bound.ident).collect()
}

/// As [`bound`], each with its `ref` and `mut`.
pub(crate) fn bindings(pat: &Pat) -> Vec<PatIdent> {
    struct Bindings(Vec<PatIdent>);

    impl<'ast> Visit<'ast> for Bindings {
        fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
            // A bare capitalised name is a unit struct or a constant, which binds nothing.
            let bare = pat.by_ref.is_none() && pat.mutability.is_none() && pat.subpat.is_none();
            let capitalised = pat.ident.to_string().starts_with(char::is_uppercase);
            if !(bare && capitalised) {
                self.0.push(pat.clone());
            }
            visit::visit_pat_ident(self, pat);
        }
    }

    let mut bindings = Bindings(Vec::new());
    bindings.visit_pat(pat);
    bindings.0
}

/// The pattern without `mut` before `names`: the expansion binds them again, and has the `mut` there.
pub(crate) fn without_mut(pat: &Pat, names: &[Ident]) -> Pat {
    Pat::Verbatim(strip_mut(pat.to_token_stream(), names))
}

fn strip_mut(tokens: TokenStream, names: &[Ident]) -> TokenStream {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let kept = tokens.iter().enumerate().filter_map(|(at, token)| match token {
        TokenTree::Ident(ident) if ident == "mut" => {
            let named =
                matches!(tokens.get(at + 1), Some(TokenTree::Ident(name)) if names.contains(name));
            (!named).then(|| token.clone())
        }
        TokenTree::Group(group) => {
            let mut inside = Group::new(group.delimiter(), strip_mut(group.stream(), names));
            inside.set_span(group.span());
            Some(inside.into())
        }
        other => Some(other.clone()),
    });
    kept.collect()
}

/// The names of transaction types in `sqlx` (with aliases), `tokio-postgres`, `rusqlite`, `mongodb` and `sea-orm`.
const TRANSACTIONS: [&str; 5] = [
    "Transaction",
    "DatabaseTransaction",
    "PgTransaction",
    "SqliteTransaction",
    "MySqlTransaction",
];

/// The parameters whose type is named like a database transaction, or is a reference to one.
pub(crate) fn transactions(sig: &Signature) -> impl Iterator<Item = &PatType> {
    sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) if is_transaction(&typed.ty) => Some(typed),
        _ => None,
    })
}

fn is_transaction(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => is_transaction(&reference.elem),
        Type::Paren(paren) => is_transaction(&paren.elem),
        Type::Group(group) => is_transaction(&group.elem),
        Type::Path(path) => (path.path.segments.last())
            .is_some_and(|last| TRANSACTIONS.iter().any(|name| last.ident == name)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn names(sig: &Signature) -> Vec<String> {
        Params::of(sig).list()
    }

    #[test]
    fn patterns_are_taken_apart() {
        let sig = parse_quote! {
            fn f(
                &self,
                mut a: u8,
                Path(b): Path<u8>,
                Pair { c, d: (e, _) }: Pair,
                [g, .., h]: [u8; 4],
                ref i: u8,
                j @ Wrapper(k): Wrapper,
                _: u8,
                Unit: Unit,
                r#type: u8,
            )
        };
        let found = names(&sig);
        assert_eq!(found, ["a", "b", "c", "e", "g", "h", "i", "j", "k", "type"]);
        assert!(Params::of(&sig).receiver.is_some());
        assert!(Params::of(&sig).contains("r#type"));
    }

    #[test]
    fn names_that_are_bound_anew_are_not_mut() {
        let sig: Signature = parse_quote!(fn f((mut a, [mut b, c]): T, mut d: u8));
        let names = ["a", "b", "d"].map(|name| Ident::new(name, Span::call_site()));
        let stripped = sig.inputs.iter().map(|input| match input {
            FnArg::Typed(typed) => {
                without_mut(&typed.pat, &names[..2]).to_token_stream().to_string()
            }
            FnArg::Receiver(_) => String::new(),
        });
        assert_eq!(stripped.collect::<Vec<_>>(), ["(a , [b , c])", "mut d"]);
    }

    #[test]
    fn transactions_are_known_by_name() {
        let sig: Signature = parse_quote! {
            fn f(
                a: &mut sqlx::Transaction<'_, Postgres>,
                b: DatabaseTransaction,
                c: &BankTransaction,
                d: Option<u8>,
                e: &&PgTransaction<'_>,
            )
        };
        assert_eq!(transactions(&sig).count(), 3);
    }
}
