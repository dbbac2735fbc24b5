//! Binds parameters again in the body, as an `async fn` does: they are dropped when the body returns, in the order of a
//! function, and errors of the compiler know their names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::{Path, Type};

use crate::function::{Form, Function};
use crate::tokens;

#[derive(Default)]
pub(crate) struct Rebinding {
    /// The parameters.
    pub(crate) names: Vec<Ident>,
    /// Statements before the body.
    pub(crate) before: TokenStream,
    /// The first statements of the body.
    pub(crate) within: TokenStream,
}

impl Rebinding {
    /// The parameters that the body mentions, but those that `closures` take from it.
    pub(crate) fn except(function: &Function, closures: &TokenStream) -> Self {
        Rebinding::new(function, closures, None)
    }

    /// The parameters that the body mentions. It gets clones of those that `closures` look at.
    pub(crate) fn sharing(function: &Function, closures: &TokenStream, krate: &Path) -> Self {
        Rebinding::new(function, closures, Some(krate))
    }

    fn new(function: &Function, closures: &TokenStream, share: Option<&Path>) -> Self {
        let mut rebinding = Rebinding::default();
        // Others bind them again in their own code.
        let Form::Async(body) = &function.form else { return rebinding };
        let params = function.params();
        let span = Span::mixed_site();
        for (bound, ty) in function.bindings() {
            let name = bound.ident.unraw().to_string();
            let borrowed = bound.by_ref.is_some() || ty.is_some_and(needs_no_drop);
            if borrowed || !tokens::mentions(body.clone(), &name) {
                continue;
            }
            let (ident, mutability) = (&bound.ident, &bound.mutability);
            let condition = params.condition(&name);
            let value = match (tokens::mentions(closures.clone(), &name), share) {
                (false, _) => quote_spanned!(span=> #ident),
                (true, None) => continue,
                (true, Some(krate)) => {
                    let source = format_ident!("__{}", name, span = span);
                    rebinding
                        .before
                        .extend(quote_spanned!(span=> #condition let #source = &#ident;));
                    quote_spanned!(span=> (&&#krate::__private::Shared(#source)).__cache_share())
                }
            };
            rebinding.within.extend(quote_spanned! {span=>
                #condition
                #[allow(unused_variables)]
                let #mutability #ident = #value;
            });
            rebinding.names.push(bound.ident);
        }
        if let (Some(krate), false) = (share, rebinding.before.is_empty()) {
            let within = &rebinding.within;
            rebinding.within = quote_spanned! {span=>
                #[allow(unused_imports)]
                use #krate::__private::{Share0 as _, Share1 as _};
                #within
            };
        }
        rebinding
    }
}

/// References and numbers, as far as their names tell.
fn needs_no_drop(ty: &Type) -> bool {
    const COPIED: [&str; 16] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ];
    match ty {
        Type::Reference(_) => true,
        Type::Path(path) => COPIED.iter().any(|copied| path.path.is_ident(copied)),
        _ => false,
    }
}
