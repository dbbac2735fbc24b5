//! Type and const parameters of the function: the key must tell their values apart.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    AssocType, FnArg, GenericArgument, GenericParam, Ident, ParenthesizedGenericArguments,
    PathArguments, Signature, Type, TypeParamBound, WherePredicate,
};

use super::model::Cached;
use crate::ctxt::Ctxt;
use crate::key::Key;
use crate::template::Placeholder;
use crate::tokens;

/// The key or `skip` must name each parameter that the function's own parameters do not determine.
pub(super) fn check(model: &Cached, meant: &[String], cx: &Ctxt) {
    let Some(key) = model.options.key.as_ref().filter(|_| model.options.complete) else {
        return;
    };
    let sig = &model.function.sig;
    let output = model.function.output();
    let value = output.map(|output| value(output, model.options.each.is_some()));
    let within = |tokens: Option<TokenStream>, name| tokens.is_some_and(|it| names(it, name));
    let determined = determined(sig);
    for name in parameters(model) {
        let is_named = match key {
            Key::Expr(key) => names(key.to_token_stream(), name),
            Key::Template(key) => {
                key.placeholders().map(Placeholder::root).any(|root| name == root)
                    || meant.iter().any(|meant| name == meant)
            }
        };
        if is_named || model.skips(name) {
            continue;
        }
        if is_type(sig, name) && within(value.map(ToTokens::to_token_stream), name) {
            cx.error_at(name, decides_the_value(name));
        } else if !determined.contains(&name)
            && !within(output.map(ToTokens::to_token_stream), name)
        {
            cx.error_at(name, only_in_the_body(sig, name));
        }
    }
}

fn decides_the_value(name: &Ident) -> String {
    format!(
        "`{name}` decides the type of the value and is not part of the key, so two types would share an \
         entry: write the key as an expression that names `{name}`, or `skip({name})` if the rest of the \
         key decides what `{name}` is"
    )
}

fn only_in_the_body(sig: &Signature, name: &Ident) -> String {
    let instead = match is_type(sig, name) {
        true => format!("write the key as an expression that names `{name}`"),
        false => format!("add `<{name}>` to the key"),
    };
    format!(
        "`{name}` is not part of the key, so two calls that differ only in `{name}` would share an \
         entry: {instead}, or write `skip({name})`"
    )
}

/// The function's own type and const parameters. The macro cannot see those of its `impl`.
pub(super) fn parameters(model: &Cached) -> impl Iterator<Item = &Ident> {
    model.function.sig.generics.params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    })
}

fn is_type(sig: &Signature, name: &Ident) -> bool {
    sig.generics.type_params().any(|param| param.ident == *name)
}

/// The type that is stored: `T` of `Result<T, E>`, and in a batch the value type of a map.
fn value(ty: &Type, batch: bool) -> &Type {
    let Type::Path(path) = ty else { return ty };
    let Some(last) = path.path.segments.last() else {
        return ty;
    };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return ty;
    };
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

/// The parameters that the types of the function's own parameters determine, by naming them or by a bound such as
/// `I: Iterator<Item = T>`. A caller cannot choose them apart from those.
fn determined(sig: &Signature) -> Vec<&Ident> {
    let params: Vec<_> = sig.generics.params.iter().collect();
    let all = params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    });
    let all: Vec<_> = all.collect();
    let types = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed.ty.to_token_stream()),
        FnArg::Receiver(_) => None,
    });
    let types: Vec<_> = types.collect();
    let mut found: Vec<_> =
        all.iter().copied().filter(|name| types.iter().any(|ty| names(ty.clone(), name))).collect();
    loop {
        let known = found.len();
        for (of, bounds) in bounds(sig) {
            if !found.iter().any(|name| names(of.clone(), name)) {
                continue;
            }
            let mut outputs = Outputs(TokenStream::new());
            bounds.iter().for_each(|bound| outputs.visit_type_param_bound(bound));
            let new = all.iter().copied().filter(|name| names(outputs.0.clone(), name));
            let new: Vec<_> = new.filter(|name| !found.contains(name)).collect();
            found.extend(new);
        }
        if found.len() == known {
            return found;
        }
    }
}

/// What has bounds, and its bounds.
fn bounds(sig: &Signature) -> Vec<(TokenStream, Vec<&TypeParamBound>)> {
    let inline = sig.generics.type_params();
    let inline = inline.map(|param| (param.ident.to_token_stream(), param.bounds.iter().collect()));
    let predicates = sig.generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let predicates = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) => {
            Some((predicate.bounded_ty.to_token_stream(), predicate.bounds.iter().collect()))
        }
        _ => None,
    });
    inline.chain(predicates).collect()
}

/// The types that a bound fixes: associated types, and what closures return.
struct Outputs(TokenStream);

impl<'ast> Visit<'ast> for Outputs {
    fn visit_assoc_type(&mut self, of: &'ast AssocType) {
        of.ty.to_tokens(&mut self.0);
        visit::visit_assoc_type(self, of);
    }

    fn visit_parenthesized_generic_arguments(&mut self, of: &'ast ParenthesizedGenericArguments) {
        of.output.to_tokens(&mut self.0);
        visit::visit_parenthesized_generic_arguments(self, of);
    }
}

/// Whether `tokens` name `name`, not as a segment of a path to something else.
fn names(tokens: TokenStream, name: &Ident) -> bool {
    let mut colons = 0;
    tokens.into_iter().any(|token| {
        let before = std::mem::take(&mut colons);
        match token {
            TokenTree::Ident(ident) => before < 2 && ident == *name,
            TokenTree::Group(group) => names(group.stream(), name),
            TokenTree::Punct(punct) => {
                colons = if punct.as_char() == ':' { before + 1 } else { 0 };
                false
            }
            TokenTree::Literal(literal) => {
                tokens::in_format(&literal.to_string(), &name.to_string())
            }
        }
    })
}
