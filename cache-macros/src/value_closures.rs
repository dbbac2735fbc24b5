//! The closures over the value, and what users write in their place.

use syn::{Expr, ExprClosure, GenericArgument, Pat, PathArguments, Type};

use crate::ctxt::Ctxt;
use crate::lists;
use crate::params::Params;
use crate::per_call;
use crate::tokens;

/// A closure gets a reference to the value, without `Option` and `Result`.
pub(crate) fn check(closure: &ExprClosure, output: Option<&Type>, cx: &Ctxt) {
    check_with(closure, output, "", cx);
}

/// The same of a closure that decides how long a reader's value is kept.
pub(crate) fn check_of_a_reader(closure: &ExprClosure, output: Option<&Type>, cx: &Ctxt) {
    check_with(closure, output, " (`None` has `negative_ttl`)", cx);
}

/// `none` says in messages where a `None` goes.
fn check_with(closure: &ExprClosure, output: Option<&Type>, none: &str, cx: &Ctxt) {
    for ty in closure.inputs.iter().filter_map(annotated) {
        let text = |ty: &Type| tokens::text(referent(ty));
        let message = match wrapped(referent(ty), output) {
            Some((wrapper, value)) => {
                let value = text(value);
                let none = if wrapper == "Option" { none } else { "" };
                format!(
                    "a closure over the value sees the `{value}` inside the `{wrapper}`{none}: write `&{value}`"
                )
            }
            None if is_shared_reference(ty) => continue,
            None => format!("a closure over the value gets a reference: write `&{}`", text(ty)),
        };
        cx.error_at(ty, message);
    }
}

/// The same in a batch, whose closures see the value of one element.
pub(crate) fn check_in_batch(closure: &ExprClosure, output: Option<&Type>, cx: &Ctxt) {
    let output = output.map(|output| inside(output, "Result").unwrap_or(output));
    for ty in closure.inputs.iter().filter_map(annotated) {
        let (Some(collection), Some(value)) = (output, output.and_then(element)) else { continue };
        let is_all = last_name(referent(ty)) == last_name(collection)
            && last_name(value) != last_name(collection);
        let is_optional = inside(referent(ty), "Option")
            .is_some_and(|it| tokens::text(it) == tokens::text(value));
        if is_all || is_optional {
            let value = tokens::text(value);
            cx.error_at(
                ty,
                format!("in a batch, a closure sees the value of one element: write `&{value}`"),
            );
            return;
        }
    }
    check(closure, output.and_then(element), cx);
}

/// `unless` that asks whether there is a value: what it sees is one. Says whether it does not ask that.
///
/// In a batch it sees a row, so only an `Option` that is written says what it asks.
pub(crate) fn check_is_no_question(
    unless: &Expr,
    output: Option<&Type>,
    batch: bool,
    cx: &Ctxt,
) -> bool {
    let Some(output) = output else { return true };
    let value = inside(output, "Result").unwrap_or(output);
    let of_option = match unless {
        Expr::Closure(closure) => (closure.inputs.iter().filter_map(annotated))
            .any(|ty| inside(referent(ty), "Option").is_some()),
        Expr::Path(path) => path.path.segments.iter().any(|segment| segment.ident == "Option"),
        _ => false,
    };
    let is_optional = element(value).is_some_and(|row| inside(row, "Option").is_some());
    let message = match question(unless).as_deref() {
        Some("is_none" | "is_some") if batch && of_option && !is_optional => {
            "`unless` sees a row, and a row that is missing is stored only with `negative_ttl`: remove `unless`"
        }
        Some("is_none" | "is_some") if inside(value, "Option").is_some() => {
            "`unless` sees the value inside the `Option`, and `None` is stored only with `negative_ttl`: remove `unless`"
        }
        Some("is_err" | "is_ok") if inside(output, "Result").is_some() => {
            "`unless` sees the value inside the `Result`, and an `Err` is never stored: remove `unless`"
        }
        _ => return true,
    };
    cx.error_at(unless, message);
    false
}

/// The `is_none` of `|user| user.is_none()`, `|user: &User| !user.is_some()` and `Option::is_none`.
fn question(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Closure(closure) => match &*closure.body {
            Expr::Unary(not) => called(&not.expr),
            body => called(body),
        },
        Expr::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// The method that is called on a name.
fn called(expr: &Expr) -> Option<String> {
    match expr {
        Expr::MethodCall(call) if matches!(*call.receiver, Expr::Path(_)) => {
            Some(call.method.to_string())
        }
        _ => None,
    }
}

/// The type of a parameter of a closure, if it is written.
fn annotated(pat: &Pat) -> Option<&Type> {
    match pat {
        Pat::Type(typed) if !matches!(*typed.ty, Type::Infer(_)) => Some(&typed.ty),
        _ => None,
    }
}

/// What a closure sees of `ty` if the function returns `output`, and what wraps that.
fn wrapped<'a>(ty: &'a Type, output: Option<&Type>) -> Option<(&'static str, &'a Type)> {
    if let Some(value) = inside(ty, "Result") {
        return Some(("Result", inside(value, "Option").unwrap_or(value)));
    }
    let output = output.map(|output| inside(output, "Result").unwrap_or(output))?;
    let is_nested = inside(output, "Option").is_some_and(|it| inside(it, "Option").is_some());
    let value = inside(ty, "Option").filter(|_| inside(output, "Option").is_some() && !is_nested);
    value.map(|value| ("Option", value))
}

/// The value of one element in what a batch returns.
fn element(output: &Type) -> Option<&Type> {
    let Type::Path(path) = output else { return None };
    let last = path.path.segments.last()?;
    let mut types = lists::arguments(last).into_iter();
    match last.ident.to_string().as_str() {
        "HashMap" | "BTreeMap" => types.nth(1),
        "Vec" => match types.next()? {
            Type::Tuple(pair) if pair.elems.len() == 2 => pair.elems.last(),
            row => Some(row),
        },
        _ => None,
    }
}

fn last_name(ty: &Type) -> Option<&syn::Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}

/// The type behind any references.
fn referent(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => referent(&reference.elem),
        Type::Paren(ty) => referent(&ty.elem),
        Type::Group(ty) => referent(&ty.elem),
        ty => ty,
    }
}

fn is_shared_reference(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            reference.mutability.is_none() && !matches!(*reference.elem, Type::Reference(_))
        }
        Type::Group(ty) => is_shared_reference(&ty.elem),
        Type::Paren(ty) => is_shared_reference(&ty.elem),
        _ => false,
    }
}

/// A function in the place of a duration: `ttl = ttl_of`.
pub(crate) fn check_is_no_function(ttl: &Expr, params: &Params, cx: &Ctxt) {
    if !per_call::is_function(ttl, params) {
        return;
    }
    let text = tokens::text(ttl);
    cx.error_at(
        ttl,
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
