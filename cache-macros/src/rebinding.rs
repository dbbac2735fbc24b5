//! Binds parameters again in the body, as an `async fn` does: they are dropped when the body returns, in the order of a
//! function, and errors of the compiler know their names.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::ext::IdentExt;
use syn::{Path, Receiver, ReceiverKind, Token, Type};

use crate::function::{Form, Function};
use crate::{rename_self, tokens};

pub(crate) struct Rebinding {
    /// The parameters.
    pub(crate) names: Vec<Ident>,
    /// Statements before the body.
    pub(crate) before: TokenStream,
    /// The body as one future, which begins with the parameters.
    pub(crate) body: TokenStream,
}

impl Rebinding {
    /// The parameters that the body mentions. It gets clones of those that `closures` look at.
    pub(crate) fn of(function: &Function, closures: &TokenStream, krate: &Path) -> Self {
        let (mut names, mut shared) = (Vec::new(), Vec::new());
        let mut within = TokenStream::new();
        let mut body = function.all_statements();
        let span = Span::mixed_site();
        if let Some(this) = shared_receiver(function, closures, &body) {
            let inside = rename_self::renamed(this.self_token.span);
            let mutability = this.mutability;
            let this = Ident::new("self", this.self_token.span);
            let share = shared_from(&this, &TokenStream::new(), krate, &mut shared);
            body = rename_self::rename(body).tokens;
            within.extend(quote_spanned!(span=> let #mutability #inside = #share;));
            names.push(this);
        }
        let params = function.params();
        for (bound, ty) in function.bindings() {
            let name = bound.ident.unraw().to_string();
            let borrowed = bound.by_ref.is_some() || ty.is_some_and(needs_no_drop);
            if borrowed || !tokens::mentions(body.clone(), &name) {
                continue;
            }
            let (ident, mutability) = (&bound.ident, &bound.mutability);
            let condition = params.condition(&name);
            let value = match (tokens::mentions(closures.clone(), &name), &function.form) {
                (true, _) => shared_from(ident, &condition, krate, &mut shared),
                (false, Form::Async(_)) => ident.to_token_stream(),
                // Others bind them again in their own code.
                (false, _) => continue,
            };
            let binding = bind(ident, *mutability, &value);
            within.extend(quote_spanned!(span=> #condition #binding));
            names.push(bound.ident);
        }
        if !shared.is_empty() {
            within = quote_spanned! {span=>
                #[allow(unused_imports)]
                use #krate::__private::{Share0 as _, Share1 as _};
                #within
            };
        }
        let body = function.future(&within, body);
        Rebinding { names, before: shared.into_iter().collect(), body }
    }
}

/// Binds a parameter in the body. One that is `mut` is the user's variable for all that a lint may say of it. Another one may be
/// unused: the body may have the name for something else, and the key has the parameter.
pub(crate) fn bind(
    ident: &Ident,
    mutability: Option<Token![mut]>,
    value: &TokenStream,
) -> TokenStream {
    match mutability {
        Some(mutability) => quote_spanned!(ident.span()=> let #mutability #ident = #value;),
        None => quote_spanned! {Span::mixed_site()=>
            #[allow(unused_variables)]
            let #ident = #value;
        },
    }
}

/// `self`, if the body consumes it and `closures` look at it.
fn shared_receiver<'a>(
    function: &'a Function,
    closures: &TokenStream,
    body: &TokenStream,
) -> Option<&'a Receiver> {
    let receiver = function.sig.receiver()?;
    let is_reference = match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => needs_no_drop(ty),
        _ => false,
    };
    let uses = |tokens: &TokenStream| rename_self::rename(tokens.clone()).used;
    (!is_reference && uses(closures) && uses(body)).then_some(receiver)
}

/// What the body gets of a parameter that closures look at. `shared` gets the reference that they leave to it.
fn shared_from(
    parameter: &Ident,
    condition: &TokenStream,
    krate: &Path,
    shared: &mut Vec<TokenStream>,
) -> TokenStream {
    let span = Span::mixed_site();
    let source = format_ident!("__{}", parameter.unraw(), span = span);
    shared.push(quote_spanned!(span=> #condition let #source = &#parameter;));
    quote_spanned!(span=> (&&#krate::__private::Shared(#source)).__cache_share())
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
