//! The derives: `CacheKey` for a struct that is a key, `KeyPart` for what fills a placeholder.

pub(crate) mod cache_key;
pub(crate) mod key_part;

#[cfg(test)]
mod tests;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::visit::{self, Visit};
use syn::{DeriveInput, Path, Type};

/// The impl block of a derive: `krate::name` for the type, where `fields` that depend on a type
/// parameter are key parts themselves.
fn implementation<'a>(
    input: &DeriveInput,
    krate: &Path,
    name: &str,
    fields: impl Iterator<Item = &'a Type>,
    items: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let name = syn::Ident::new(name, span);
    let ty = &input.ident;
    let mut generics = input.generics.clone();
    for field in fields.filter(|field| depends(field, input)) {
        let bound =
            syn::parse2::<syn::WherePredicate>(quote_spanned!(span=> #field: #krate::KeyPart));
        generics.make_where_clause().predicates.extend(bound);
    }
    let (params, args, bounds) = generics.split_for_impl();
    quote_spanned! {span=>
        #[automatically_derived]
        impl #params #krate::#name for #ty #args #bounds {
            #items
        }
    }
}

/// Whether `ty` mentions a type parameter of `input`.
fn depends(ty: &Type, input: &DeriveInput) -> bool {
    struct Mentions<'a>(&'a DeriveInput, bool);

    impl<'ast> Visit<'ast> for Mentions<'_> {
        fn visit_ident(&mut self, ident: &'ast syn::Ident) {
            self.1 |= (self.0.generics.type_params()).any(|param| param.ident == *ident);
            visit::visit_ident(self, ident);
        }
    }

    let mut mentions = Mentions(input, false);
    mentions.visit_type(ty);
    mentions.1
}
