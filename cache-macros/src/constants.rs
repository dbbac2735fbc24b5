//! Whether a constant may depend on `Self` or on a type parameter, which a `static` cannot name.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::Signature;

/// Whether `constant` names `Self`, a parameter of the function, or what may be one of its `impl`, which the macro cannot see:
/// a name of a single capital letter.
pub(crate) fn may_be_generic(constant: TokenStream, sig: &Signature) -> bool {
    let types = sig.generics.type_params().map(|param| &param.ident);
    let consts = sig.generics.const_params().map(|param| &param.ident);
    let own: Vec<_> = types.chain(consts).collect();
    names(constant, &|name| name == "Self" || own.contains(&name) || is_letter(name))
}

/// Whether a name is what type parameters are usually called.
pub(crate) fn is_letter(name: &Ident) -> bool {
    let name = name.to_string();
    name.len() == 1 && name.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Whether a path in `tokens` begins with a name that `wanted` knows.
fn names(tokens: TokenStream, wanted: &impl Fn(&Ident) -> bool) -> bool {
    let mut within = false;
    tokens.into_iter().any(|token| {
        let begins = !std::mem::take(&mut within);
        match token {
            TokenTree::Ident(name) => begins && wanted(&name),
            TokenTree::Group(group) => names(group.stream(), wanted),
            TokenTree::Punct(punct) => {
                within = matches!(punct.as_char(), ':' | '.');
                false
            }
            TokenTree::Literal(_) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn paths_that_may_begin_with_a_parameter() {
        let sig: Signature = syn::parse_quote!(async fn f<Row, const MANY: usize>(id: u64));
        for named in [
            quote!(Policy::ttl(60).version(Self::VERSION)),
            quote!(<Self as Trait>::VERSION),
            quote!(N * 2),
            quote!(K::VERSION),
            quote!(Row::VERSION + { MANY }),
        ] {
            assert!(may_be_generic(named.clone(), &sig), "{named}");
        }
        for other in [quote!(VERSION), quote!(limits::N), quote!(Policy::ttl(60).t("N"))] {
            assert!(!may_be_generic(other.clone(), &sig), "{other}");
        }
    }
}
