//! The rules of `#[write_through]`, one function for each, with its reason. Its keys need not name every parameter: the
//! readers decide what a key is made of.

use syn::{GenericArgument, PathArguments, Type};

use super::model::WriteThrough;
use crate::ctxt::Ctxt;
use crate::function::Form;
use crate::key::Key;
use crate::{on_unavailable, result_keys, validation};

pub(super) fn all(model: &WriteThrough, cx: &Ctxt) {
    validation::check_async(&model.function, "#[write_through]", cx);
    validation::check_transactions(&model.function, COMMITS_TOO_LATE, cx);
    check_there_is_a_value(model, cx);
    check_carried_are_known_before(model, cx);
    on_unavailable::check(model.options.refuses, model.options.fences(), cx);
    for key in model.options.keys() {
        if let Key::Template(template) = key {
            validation::check_placeholders(template, &model.params, cx);
            validation::check_braces(template, |name| model.params.contains(name), cx);
        }
    }
}

const COMMITS_TOO_LATE: &str = "the caller commits this transaction after the value is stored in \
    the cache, if it commits at all: begin and commit it inside the function, or fence the keys \
    where it is committed: `cache.fence([..])`, commit, `settle()`";

/// A function that returns `()` does not say what the database now holds. Its parameters need not be that, since a trigger or
/// a default may have changed the row. So the user must say which value to store.
///
/// An alias of `()` is found by trait, after expansion.
fn check_there_is_a_value(model: &WriteThrough, cx: &Ctxt) {
    if model.options.value.is_some() {
        return;
    }
    let message = "the function returns `()`, so there is no value to store: return what the \
                   database now holds, or write `value = user` if a parameter is that";
    match (model.function.output(), &model.function.form) {
        (Some(output), _) => {
            if let Some(unit) = unit(output) {
                cx.error_at(unit, message);
            }
        }
        (None, Form::Async(_)) => cx.error_at(&model.function.sig.ident, message),
        _ => {}
    }
}

/// The `()` in `()`, `Option<()>`, `Result<(), E>` and `Result<Option<()>, E>`.
fn unit(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Tuple(tuple) if tuple.elems.is_empty() => Some(ty),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            let is_wrapper = last.ident == "Option" || last.ident == "Result";
            match arguments.args.first()? {
                GenericArgument::Type(value) if is_wrapper => unit(value),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Only a stamp from before the write tells whether a tag was invalidated during it.
fn check_carried_are_known_before(model: &WriteThrough, cx: &Ctxt) {
    for template in model.options.tags.carried.iter().filter_map(result_keys::template) {
        for placeholder in template.placeholders().filter(|it| result_keys::is_returned(it)) {
            let message = format!(
                "the tags of the entry are read before the function runs, so they cannot name \
                 `{placeholder}`: name a parameter"
            );
            template.error(placeholder.at.start, message, cx);
        }
    }
}
