//! `tags = |article: &Article| ...`: tags that the value names, alone or in the list of the others.

use std::mem;

use syn::{Expr, Type};

use crate::args::{Arg, Value};
use crate::ctxt::Ctxt;
use crate::key::Key;
use crate::tokens;
use crate::value_closures;

/// The tags of an entry: those that are made of the parameters, and the closure that gives those that the value names.
pub(super) fn parse(mut arg: Arg, cx: &Ctxt) -> (Vec<Key>, Option<Expr>) {
    let mut closures = Vec::new();
    arg.value = match mem::replace(&mut arg.value, Value::Flag) {
        Value::Is(closure @ Expr::Closure(_)) => return (Vec::new(), one(vec![closure], cx)),
        Value::Is(Expr::Array(mut list)) => {
            let is_closure = |tag: &Expr| matches!(tag, Expr::Closure(_));
            let given = list.elems.iter().filter(|tag| !is_closure(tag)).cloned().collect();
            closures.extend(list.elems.into_iter().filter(is_closure));
            list.elems = given;
            if list.elems.is_empty() && !closures.is_empty() {
                return (Vec::new(), one(closures, cx));
            }
            Value::Is(Expr::Array(list))
        }
        value => value,
    };
    let given = Key::tags(arg, cx).unwrap_or_default();
    (given, one(closures, cx))
}

fn one(closures: Vec<Expr>, cx: &Ctxt) -> Option<Expr> {
    let mut closures = closures.into_iter();
    let first = closures.next()?;
    if let Some(second) = closures.next() {
        cx.error_at(
            second,
            "one closure over the value is enough: let it give all the tags that the value names",
        );
    }
    if let Expr::Closure(closure) = &first
        && closure.inputs.len() != 1
    {
        let constant = match &*closure.body {
            Expr::Array(tags) if closure.inputs.is_empty() => tokens::code(tags),
            _ => "[\"articles\"]".to_owned(),
        };
        let message = format!(
            "this closure takes one argument, the value, and gives the tags that it names: \
             `tags = |article: &Article| [AuthorTag {{ author: article.author }}]`; for a tag that is the same for every \
             value write `tags = {constant}`"
        );
        cx.error_at(closure, message);
        return None;
    }
    Some(first)
}

/// As other closures over the value.
pub(super) fn check(closure: &Expr, output: Option<&Type>, cx: &Ctxt) {
    if let Expr::Closure(closure) = closure {
        value_closures::check(closure, output, cx);
    }
}
