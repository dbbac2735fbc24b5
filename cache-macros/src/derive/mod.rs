//! The derives: `CacheKey` for keys, `KeyPart` for types that fill a placeholder, `CacheValue` for values.

pub(crate) mod cache_key;
pub(crate) mod cache_value;
pub(crate) mod key_part;
mod text;

#[cfg(test)]
mod tests;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::visit::Visit;
use syn::{DeriveInput, Path, Type};

/// The bounds of a generated implementation.
struct Bounds {
    on: Vec<Type>,
    /// The trait of the runtime.
    by: &'static str,
}

impl Bounds {
    /// Those of `fields` that depend on a type parameter must be key parts.
    fn key_parts<'a>(input: &DeriveInput, fields: impl Iterator<Item = &'a Type>) -> Bounds {
        let is_param =
            |name: &Ident| input.generics.type_params().any(|param| param.ident == *name);
        let on = fields.filter(|field| mentions(field, is_param)).cloned().collect();
        Bounds { on, by: "KeyPart" }
    }
}

/// The impl block of a derive: `krate::name` for the type.
fn implementation(
    input: &DeriveInput,
    krate: &Path,
    name: &str,
    bounds: Bounds,
    items: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let name = Ident::new(name, span);
    let by = Ident::new(bounds.by, span);
    let ty = &input.ident;
    let mut generics = input.generics.clone();
    for on in bounds.on {
        let bound = syn::parse2::<syn::WherePredicate>(quote_spanned!(span=> #on: #krate::#by));
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

/// Whether `ty` mentions a name that `wanted` knows.
fn mentions(ty: &Type, wanted: impl Fn(&Ident) -> bool) -> bool {
    struct Mentions<W>(W, bool);

    impl<'ast, W: Fn(&Ident) -> bool> Visit<'ast> for Mentions<W> {
        fn visit_ident(&mut self, ident: &'ast Ident) {
            self.1 |= (self.0)(ident);
        }
    }

    let mut mentions = Mentions(wanted, false);
    mentions.visit_type(ty);
    mentions.1
}

/// `PhantomData<T>` holds nothing, as in `struct Id<T>(u64, PhantomData<T>)`.
fn is_marker(ty: &Type) -> bool {
    matches!(ty, Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"))
}
