//! Type parameters that decide what is stored: a key is the same for all types, and so would the entry be.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::model::Cached;
use crate::ctxt::Ctxt;
use crate::key::Key;

/// Each has to be named by the key, or by `skip`.
pub(super) fn check(model: &Cached, cx: &Ctxt) {
    let Some(output) = model.function.output() else { return };
    let value = value(output, model.options.each.is_some()).to_token_stream();
    for name in parameters(model) {
        let told = match &model.options.key {
            Some(Key::Expr(key)) => names(key.to_token_stream(), name),
            // What is missing has its own message.
            key => key.is_none(),
        };
        if !told && !model.skips(name) && names(value.clone(), name) {
            cx.error_at(
                name,
                format!(
                    "`{name}` decides the type of the value and is no part of the key, so two types would share an \
                     entry: make the key an expression that names `{name}`, or write `skip({name})` where the rest of \
                     the key decides what `{name}` is"
                ),
            );
        }
    }
}

/// The type parameters of the function itself. Those of its `impl` are out of sight.
pub(super) fn parameters(model: &Cached) -> impl Iterator<Item = &Ident> {
    model.function.sig.generics.type_params().map(|parameter| &parameter.ident)
}

/// What is stored of `Result<T, E>`, and in a batch, of a map.
fn value(ty: &Type, batch: bool) -> &Type {
    let Type::Path(path) = ty else { return ty };
    let Some(last) = path.path.segments.last() else { return ty };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return ty };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    match types.collect::<Vec<_>>()[..] {
        [ok, ..] if last.ident == "Result" => value(ok, batch),
        [_, row, ..] if batch => row,
        _ => ty,
    }
}

/// Whether `name` stands there as a type, and not as a part of a path to something else.
fn names(tokens: TokenStream, name: &Ident) -> bool {
    let mut after_path = false;
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => !std::mem::take(&mut after_path) && ident == *name,
        TokenTree::Group(group) => names(group.stream(), name),
        TokenTree::Punct(punct) => {
            after_path = punct.as_char() == ':';
            false
        }
        TokenTree::Literal(_) => false,
    })
}
