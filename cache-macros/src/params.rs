//! The parameters of a function as its body sees them: every name that a pattern binds.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{Attribute, FnArg, Meta, Pat, PatIdent, Signature};

/// The names that a key may use.
#[derive(Default)]
pub(crate) struct Params {
    /// The span of `self`, if the function has one.
    pub(crate) receiver: Option<Span>,
    pub(crate) names: Vec<Ident>,
    /// The const parameters of the function.
    pub(crate) consts: Vec<Ident>,
    /// Parameters with `#[cfg]` attributes, and these.
    pub(crate) conditions: Vec<(Ident, TokenStream)>,
    /// The type parameters of the function, which a template cannot name.
    pub(crate) types: Vec<Ident>,
    /// The list of `each = ...`: in a key, its name stands for one element.
    pub(crate) each: Option<Ident>,
    /// The whole batch of a `#[write_behind]`, which a key cannot name: it is that of one value.
    pub(crate) batch: Option<Ident>,
    /// Whether a key may name [`RESULT`] too.
    pub(crate) result: bool,
}

/// The name of the function's result in a key: `<return.id>`. No parameter can have this name.
pub(crate) const RESULT: &str = "return";

impl Params {
    /// The names that the patterns of `sig` bind.
    pub(crate) fn of(sig: &Signature) -> Self {
        let mut params = Params {
            consts: sig.generics.const_params().map(|param| param.ident.clone()).collect(),
            types: sig.generics.type_params().map(|param| param.ident.clone()).collect(),
            ..Params::default()
        };
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(receiver) => params.receiver = Some(receiver.self_token.span),
                FnArg::Typed(typed) => {
                    let names = bound(&typed.pat);
                    let condition = conditions(&typed.attrs);
                    if !condition.is_empty() {
                        let named = names.iter().map(|name| (name.clone(), condition.clone()));
                        params.conditions.extend(named);
                    }
                    params.names.extend(names);
                }
            }
        }
        params
    }

    /// The `#[cfg]` attributes of the parameter of this name: code that uses it needs them too. Without any, or if there
    /// is another parameter of this name for the opposite condition, none.
    pub(crate) fn condition(&self, name: &str) -> TokenStream {
        let Some(name) = self.get(name) else { return TokenStream::new() };
        if self.names.iter().filter(|other| *other == name).count() > 1 {
            return TokenStream::new();
        }
        let condition = self.conditions.iter().find(|(param, _)| param == name);
        condition.map(|(_, condition)| condition.clone()).unwrap_or_default()
    }

    /// The parameter of this name, raw or not.
    pub(crate) fn get(&self, name: &str) -> Option<&Ident> {
        let plain = name.strip_prefix("r#").unwrap_or(name);
        self.names.iter().chain(&self.consts).find(|param| param.unraw() == plain)
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
            || (name == "self" && self.receiver.is_some())
            || (name == RESULT && self.result)
    }

    /// The names as a key writes them.
    pub(crate) fn list(&self) -> Vec<String> {
        let names = self.names.iter().chain(&self.consts).map(|n| n.unraw().to_string());
        names.chain(self.result.then(|| RESULT.to_owned())).collect()
    }
}

/// The `#[cfg]` attributes among `attrs`, those within `#[cfg_attr]` too.
pub(crate) fn conditions(attrs: &[Attribute]) -> TokenStream {
    let conditions = attrs.iter().filter_map(|attr| match &attr.meta {
        _ if attr.path().is_ident("cfg") => Some(attr.to_token_stream()),
        Meta::List(list) if attr.path().is_ident("cfg_attr") => {
            let only = only_cfg(list.tokens.clone())?;
            Some(quote_spanned!(Span::mixed_site()=> #[cfg_attr(#only)]))
        }
        _ => None,
    });
    conditions.collect()
}

/// The predicate and the `cfg(...)` of what is between the parentheses of a `cfg_attr`.
fn only_cfg(within: TokenStream) -> Option<TokenStream> {
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let tokens: Vec<_> = within.into_iter().collect();
    let mut parts = tokens.split(is_comma);
    let mut kept: TokenStream = parts.next()?.iter().cloned().collect();
    let mut found = false;
    for part in parts {
        let part = match part {
            [TokenTree::Ident(name), ..] if name == "cfg" => part.iter().cloned().collect(),
            [TokenTree::Ident(name), TokenTree::Group(inner)] if name == "cfg_attr" => {
                match only_cfg(inner.stream()) {
                    Some(inner) => quote_spanned!(Span::mixed_site()=> #name(#inner)),
                    None => continue,
                }
            }
            _ => continue,
        };
        found = true;
        kept.extend(quote_spanned!(Span::mixed_site()=> , #part));
    }
    found.then_some(kept)
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
            // A capitalised name could be a unit struct, which binds nothing. The macro cannot tell it from a parameter
            // such as `URL`, and a parameter must not be missing from a key.
            self.0.push(pat.clone());
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

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
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
                URL: &str,
                r#type: u8,
            )
        };
        let found = names(&sig);
        assert_eq!(found, ["a", "b", "c", "e", "g", "h", "i", "j", "k", "URL", "type"]);
        assert!(Params::of(&sig).receiver.is_some());
        assert!(Params::of(&sig).contains("r#type"));
    }

    #[test]
    fn conditions_are_found_within_others() {
        let conditions = |attr: Attribute| conditions(&[attr]).to_string();
        let expected = |tokens: TokenStream| tokens.to_string();
        assert_eq!(conditions(parse_quote!(#[cfg(a)])), expected(quote!(#[cfg(a)])));
        assert_eq!(
            conditions(parse_quote!(#[cfg_attr(true, allow(unused), cfg(a), cfg_attr(b, cfg(c)))])),
            expected(quote!(#[cfg_attr(true, cfg(a), cfg_attr(b, cfg(c)))]))
        );
        assert_eq!(conditions(parse_quote!(#[cfg_attr(a, allow(unused), cfg_attr(b, cold))])), "");
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
}
