//! What a load in the background captures: clones of the parameters that it uses.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::{FnArg, Path, ReceiverKind, Token, Type, TypeReference};

use crate::ctxt::Ctxt;
use crate::function::{self, Function};
use crate::lifetimes;
use crate::rebinding;
use crate::rename_self::{self, renamed};
use crate::tokens;

/// The parameters that a load captures.
pub(crate) struct Captures(Vec<Parameter>);

/// A parameter to clone.
struct Parameter {
    /// `self`, or the parameter's name.
    outside: Ident,
    /// Its name in the load.
    inside: Ident,
    /// The parameter's `#[cfg]` attributes.
    condition: TokenStream,
    /// Allows the clone to be unused: a body may mention the name for something else.
    attribute: Option<TokenStream>,
    mutability: Option<Token![mut]>,
    /// Whether a closure captures it, and not the body.
    for_closures: bool,
    /// The reference type that the load sees, if the parameter is a reference: it then borrows the clone.
    reference: Option<TokenStream>,
}

impl Captures {
    /// The function's parameters that `uses` mentions.
    pub(crate) fn of(function: &Function, uses: &TokenStream) -> Self {
        let span = Span::mixed_site();
        let mut parameters = Vec::new();
        if rename_self::rename(uses.clone()).used {
            parameters.extend(receiver(function));
        }
        let params = function.params();
        for (bound, ty) in function.bindings() {
            if !tokens::mentions(uses.clone(), &bound.ident.unraw().to_string()) {
                continue;
            }
            let reference = match (&bound.by_ref, ty) {
                (Some(_), _) => Some(quote_spanned!(span=> &_)),
                (None, Some(Type::Reference(ty))) => reference(ty),
                (None, _) => None,
            };
            parameters.push(Parameter {
                condition: params.condition(&bound.ident.to_string()),
                outside: bound.ident.clone(),
                inside: bound.ident,
                attribute: Some(quote_spanned!(span=> #[allow(unused_variables)])),
                mutability: bound.mutability,
                for_closures: false,
                reference,
            });
        }
        Captures(parameters)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the parameters that are taken by value and that `keep` accepts.
    pub(crate) fn by_value(mut self, keep: impl Fn(&Ident) -> bool) -> Self {
        self.0.retain(|parameter| parameter.reference.is_none() && keep(&parameter.outside));
        self
    }

    /// Removes the parameter `name`.
    pub(crate) fn without(mut self, name: &Ident) -> Self {
        self.0.retain(|parameter| parameter.outside != *name);
        self
    }

    /// The same captures for closures, in which a `mut` parameter may be used without changing it.
    pub(crate) fn for_closures(mut self) -> Self {
        for parameter in &mut self.0 {
            parameter.for_closures = true;
            if parameter.mutability.is_some() {
                let span = Span::mixed_site();
                parameter.attribute =
                    Some(quote_spanned!(span=> #[allow(unused_mut, unused_variables)]));
            }
        }
        self
    }

    /// The names outside of the load.
    pub(crate) fn names(&self) -> Vec<Ident> {
        self.0.iter().map(|parameter| parameter.outside.clone()).collect()
    }

    /// `let id = ...;` for each: a clone for another thread, or an error that says why there is none.
    pub(crate) fn detach(&self, krate: &Path) -> TokenStream {
        let span = Span::mixed_site();
        if self.is_empty() {
            return TokenStream::new();
        }
        let clones = self.0.iter().map(|parameter| {
            let Parameter { condition, outside, inside, attribute, reference, .. } = parameter;
            let at = span.located_at(outside.span());
            let krate = tokens::at(krate, at);
            let source = match reference {
                Some(_) => quote_spanned!(at=> Borrowed(#outside)),
                None => quote_spanned!(at=> Argument(&#outside)),
            };
            let clone = quote_spanned!(at=> (&&&#krate::__private::#source).__cache_detach());
            // What a load sees is bound to the clone afterwards, in `within`.
            let of_closure = reference.is_none() && parameter.for_closures;
            let mutability = parameter.mutability.filter(|_| of_closure);
            let attribute = attribute.as_ref().filter(|_| of_closure);
            quote_spanned!(span=> #condition #attribute let #mutability #inside = #clone;)
        });
        let clones: TokenStream = clones.collect();
        quote_spanned! {span=>
            #[allow(unused_imports)]
            use #krate::__private::{Detach0 as _, Detach1 as _, Detach2 as _};
            #clones
        }
    }

    /// `let id = id.clone();` for each.
    pub(crate) fn clones(&self) -> TokenStream {
        let clones = self.0.iter().map(|parameter| {
            let Parameter { condition, outside, inside, attribute, mutability, .. } = parameter;
            let at = Span::mixed_site().located_at(outside.span());
            quote_spanned! {at=>
                #condition
                #attribute
                let #mutability #inside = ::core::clone::Clone::clone(&#outside);
            }
        });
        clones.collect()
    }

    /// `let name: &str = &name;` for each that the load sees as a reference.
    pub(crate) fn references(&self) -> TokenStream {
        let references = self.0.iter().filter_map(|parameter| {
            let Parameter { condition, inside, attribute, mutability, reference, .. } = parameter;
            let ty = reference.as_ref()?;
            Some(quote_spanned! {Span::mixed_site()=>
                #condition
                #attribute
                let #mutability #inside: #ty = &#inside;
            })
        });
        references.collect()
    }

    /// The first statements of the body: each parameter as it was declared. See [`rebinding`](crate::rebinding).
    pub(crate) fn within(&self) -> TokenStream {
        let owned = self.0.iter().filter(|parameter| parameter.reference.is_none());
        let owned = owned.map(|parameter| {
            let Parameter { condition, inside, mutability, .. } = parameter;
            let binding = rebinding::bind(inside, *mutability, &inside.to_token_stream());
            quote_spanned!(Span::mixed_site()=> #condition #binding)
        });
        owned.chain([self.references()]).collect()
    }
}

/// `self` as a parameter, if the function has it.
fn receiver(function: &Function) -> Option<Parameter> {
    let receiver = function.sig.receiver()?;
    let this = receiver.self_token;
    let reference = match &receiver.kind {
        ReceiverKind::Reference(..) => {
            let this = Token![Self](this.span);
            Some(quote_spanned!(Span::mixed_site()=> &#this))
        }
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(ty) => reference(ty),
            _ => None,
        },
        _ => None,
    };
    Some(Parameter {
        condition: TokenStream::new(),
        outside: Ident::new("self", this.span),
        inside: renamed(this.span),
        attribute: None,
        mutability: receiver.mutability,
        for_closures: false,
        reference,
    })
}

/// The type of a reference to the clone; `None` for `&'static T`, which needs no clone.
pub(crate) fn reference(ty: &TypeReference) -> Option<TokenStream> {
    if ty.lifetime.as_ref().is_some_and(lifetimes::is_static) {
        return None;
    }
    let mut ty = ty.clone();
    ty.lifetime = None;
    let ty = Type::Reference(ty);
    Some(match function::can_be_named(&ty) {
        true => ty.into_token_stream(),
        false => quote_spanned!(Span::mixed_site()=> &_),
    })
}

/// A load that outlives its caller cannot borrow from it. `because` is the argument that lets it; `uses` are its tokens.
pub(crate) fn check(function: &Function, uses: &TokenStream, because: &Ident, cx: &Ctxt) {
    let reason = format!("`{because}` lets a load outlive its caller");
    for input in &function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) if is_mutable(&receiver.kind) => cx.error_at(
                receiver,
                format!("{reason}, so it cannot borrow `self` mutably: take `&self`, which the load clones"),
            ),
            FnArg::Typed(typed) if is_mutable_reference(&typed.ty) => cx.error_at(
                &typed.ty,
                format!("{reason}, so it cannot borrow mutably: take a handle that can be cloned, such as a pool"),
            ),
            _ => {}
        }
    }
    for (bound, ty) in function.bindings() {
        let Some(ty) = ty.filter(|ty| !is_mutable_reference(ty)) else {
            continue;
        };
        let name = bound.ident.unraw().to_string();
        if !tokens::mentions(uses.clone(), &name) {
            continue;
        }
        if is_trait_object(ty) {
            cx.error_at(
                ty,
                format!("{reason}, so it clones `{name}`, and a trait object cannot be cloned: take an `Arc` of it"),
            );
        } else if borrows(ty) {
            cx.error_at(
                ty,
                format!("{reason}, and a clone of `{name}` would still borrow from the caller: take an owned type, such as `String` for `&str`"),
            );
        }
    }
    for literal in rename_self::rename(uses.clone()).captures {
        let instead = after_the_string(&literal.to_string());
        cx.error_at(
            literal,
            format!("{reason}, so it uses a clone of `self`, which a format string cannot capture: write {instead}"),
        );
    }
}

/// What to write for `"{self:?} {id}"`.
fn after_the_string(literal: &str) -> String {
    let rest = &literal[literal.find("{self").unwrap_or_default()..];
    let before = rest.split_inclusive('}').next().unwrap_or_default();
    let after = before.replace("self", "");
    let others = literal.replacen(before, "", 1);
    // Where there are other arguments, the place of `self` among them is not known.
    let whole = match others.contains("{self") || others.contains("{}") || others.contains("{:") {
        true => String::new(),
        false => format!(": `{}, self`", literal.replacen(before, &after, 1)),
    };
    format!("`{after}` in its place, and `self` after the string{whole}")
}

pub(crate) fn is_mutable(kind: &ReceiverKind) -> bool {
    match kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
        ReceiverKind::Typed(_, ty) => is_mutable_reference(ty),
        _ => false,
    }
}

pub(crate) fn is_mutable_reference(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if reference.mutability.is_some())
}

/// Whether `ty` is `&dyn Trait`.
fn is_trait_object(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else {
        return false;
    };
    match &*reference.elem {
        Type::Paren(inner) => matches!(*inner.elem, Type::TraitObject(_)),
        other => matches!(other, Type::TraitObject(_)),
    }
}

/// Whether a clone of a parameter of this type would still borrow from the caller.
fn borrows(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => lifetimes::borrows(&reference.elem),
        other => lifetimes::borrows(other),
    }
}
