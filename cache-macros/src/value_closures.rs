//! The closures over the value, and what users write in their place.

use syn::{Expr, ExprClosure, GenericArgument, Pat, PathArguments, Type};

use crate::ctxt::Ctxt;
use crate::params::Params;
use crate::tokens;

/// A closure gets a reference to the value, without `Option` and `Result`.
pub(crate) fn check(closure: &ExprClosure, output: Option<&Type>, cx: &Ctxt) {
    let Some(Pat::Type(typed)) = closure.inputs.first() else {
        return;
    };
    let ty = &*typed.ty;
    match ty {
        Type::Infer(_) => {}
        Type::Reference(reference) => {
            let output = output.map(|output| inside(output, "Result").unwrap_or(output));
            let is_optional = output.is_some_and(|output| inside(output, "Option").is_some());
            let is_nested = output.is_some_and(|output| {
                inside(output, "Option").is_some_and(|it| inside(it, "Option").is_some())
            });
            if let Some(value) = inside(&reference.elem, "Option")
                && is_optional
                && !is_nested
            {
                let value = tokens::text(value);
                cx.error_at(
                    ty,
                    format!("a closure over the value sees the `{value}` inside of the `Option`: write `&{value}`"),
                );
            } else if let Some(value) = inside(&reference.elem, "Result") {
                let value = tokens::text(inside(value, "Option").unwrap_or(value));
                cx.error_at(
                    ty,
                    format!("a closure over the value sees the `{value}` inside of the `Result`: write `&{value}`"),
                );
            }
        }
        _ => {
            let text = tokens::text(ty);
            cx.error_at(ty, format!("a closure over the value gets a reference: write `&{text}`"));
        }
    }
}

/// A function in the place of a duration: `ttl = ttl_of`.
pub(crate) fn check_is_no_function(ttl: &Expr, params: &Params, cx: &Ctxt) {
    let Expr::Path(path) = ttl else { return };
    let is_parameter = path.path.get_ident().is_some_and(|name| params.contains(&name.to_string()));
    let last = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    if is_parameter || !last.starts_with(char::is_lowercase) {
        return;
    }
    let text = tokens::text(path);
    cx.error_at(
        path,
        format!("`ttl` takes a duration: call a function in a closure over the value, as in `ttl = |value| {text}(value)`"),
    );
}

/// The first type in the angle brackets of `name<...>`.
pub(crate) fn inside<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}
