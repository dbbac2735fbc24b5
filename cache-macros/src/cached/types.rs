//! Type parameters that decide the type of the value: the key must tell them apart.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::model::Cached;
use crate::ctxt::Ctxt;
use crate::key::Key;

/// The key or `skip` must name each of them.
pub(super) fn check(model: &Cached, cx: &Ctxt) {
    let Some(output) = model.function.output() else { return };
    let value = value(output, model.options.each.is_some()).to_token_stream();
    for name in parameters(model) {
        let told = match &model.options.key {
            Some(Key::Expr(key)) => names(key.to_token_stream(), name),
            // A missing key has its own message.
            key => key.is_none(),
        };
        if !told && !model.skips(name) && names(value.clone(), name) {
            cx.error_at(
                name,
                format!(
                    "`{name}` decides the type of the value and is not part of the key, so two types would share an \
                     entry: write the key as an expression that names `{name}`, or `skip({name})` if the rest of the \
                     key decides what `{name}` is"
                ),
            );
        }
    }
}

/// The function's own type parameters. The macro cannot see those of its `impl`.
pub(super) fn parameters(model: &Cached) -> impl Iterator<Item = &Ident> {
    model.function.sig.generics.type_params().map(|parameter| &parameter.ident)
}

/// The type that is stored: `T` of `Result<T, E>`, and in a batch the value type of a map.
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

/// Whether `tokens` name `name` as a type, not as a segment of a path to something else.
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
