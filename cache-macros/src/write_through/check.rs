//! The rules of `#[write_through]`, one function for each, with its reason. Its keys need not name every parameter: the
//! readers decide what a key is made of.

use syn::ext::IdentExt;
use syn::{Expr, GenericArgument, PathArguments, Type};

use super::model::{Options, Ttl, Value, WriteThrough};
use crate::ctxt::Ctxt;
use crate::duration::Length;
use crate::function::Form;
use crate::key::{Key, Noun};
use crate::transactions::Access;
use crate::{
    lists, on_unavailable, placeholder_types, result_keys, stale_keys, validation, value_closures,
};

pub(super) fn all(model: &WriteThrough, cx: &Ctxt) {
    validation::check_async(&model.function, "#[write_through]", cx);
    model.options.transactions.check(&model.function, &model.params, Access::Writes, cx);
    check_there_is_a_value(model, cx);
    check_carried_are_known_before(model, cx);
    on_unavailable::check(model.options.refuses, model.options.fences(), cx);
    check_stored_key_and_tags(model, cx);
    check_closures(model, cx);
    let Options { invalidates, tags, .. } = &model.options;
    stale_keys::check(&model.function, &model.params, invalidates, &tags.fenced, cx);
}

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

fn check_closures(model: &WriteThrough, cx: &Ctxt) {
    // With a `value`, the closure of `ttl` sees that.
    let output = model.function.output().filter(|_| model.options.value.is_none());
    match &model.options.ttl {
        Some(Ttl::OfValue(closure)) => value_closures::check(closure, output, cx),
        Some(Ttl::Length(Length::Expr(ttl))) => {
            value_closures::check_is_no_function(ttl, &model.params, cx);
        }
        _ => {}
    }
    if let Some(Expr::Closure(same)) = &model.options.same {
        value_closures::check(same, output, cx);
    }
    if let Some(Value::Of(Expr::Closure(value))) = &model.options.value {
        value_closures::check(value, model.function.output(), cx);
    }
}

/// The function stores one value, under one key and with the same tags, so these cannot name an element of a list.
fn check_stored_key_and_tags(model: &WriteThrough, cx: &Ctxt) {
    let key = model.options.key.iter().map(|key| (key, Noun::Key));
    let tags = model.options.tags.carried.iter().map(|tag| (tag, Noun::Tag));
    for (key, noun) in key.chain(tags) {
        let template = match key {
            Key::Template(template) => template,
            Key::Expr(expr) => {
                validation::check_is_no_word(expr, noun, &model.params, cx);
                continue;
            }
        };
        validation::check_template(template, &model.params, cx);
        placeholder_types::check(&model.function, template, cx);
        stale_keys::check_no_wildcard(template, cx);
        let list = model.params.each.as_ref().map(|list| list.unraw().to_string());
        if let Some(list) = list.filter(|list| lists::names(template, list)) {
            cx.error_at(
                &template.literal,
                format!(
                    "one value is stored, and `{list}` is a list: name what identifies the value, and use `<{list}>` \
                     only in `invalidates(...)` and `tags(...)`"
                ),
            );
        }
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
