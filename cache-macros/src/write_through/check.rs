//! The rules of `#[write_through]`, one function to a rule, each with its reason. Its keys need not name every
//! parameter: it is the readers that say what a key is made of.

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

const COMMITS_TOO_LATE: &str = "the caller commits this transaction after the value has been left \
    in the cache, if it commits at all: begin and commit it inside the function, or use \
    `cache.fence([..])` where it is committed: fence, commit, `settle()`";

/// A function that returns `()` says nothing of what the database now holds, and what it was given is not known to
/// be that: a trigger or a default may have added to it. So it has to be said.
///
/// A name for such a type is found out by trait, after expansion.
fn check_there_is_a_value(model: &WriteThrough, cx: &Ctxt) {
    if model.options.value.is_some() {
        return;
    }
    let message = "there is no value to leave in the cache: the function returns `()`; return \
                   what the database now holds, or write `value = user` where a parameter is that";
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

/// Whether a tag was invalidated during the write can only be told by a stamp from before it.
fn check_carried_are_known_before(model: &WriteThrough, cx: &Ctxt) {
    for template in model.options.tags.carried.iter().filter_map(result_keys::template) {
        for placeholder in template.placeholders().filter(|it| result_keys::is_returned(it)) {
            let message = format!(
                "a tag that the entry carries is looked up before the function runs, so it cannot \
                 have `{placeholder}`: name a parameter"
            );
            template.error(placeholder.at.start, message, cx);
        }
    }
}
