//! The rules of `#[cached]`, one function for each, with its reason.

use super::model::{Cached, Ttl};
use super::{background, each, generics, kept_value, negative_rules, row_id_rules, value_tags};
use crate::ctxt::Ctxt;
use crate::duration::Length;
use crate::function::{self, Form};
use crate::key::{Key, Noun, Template};
use crate::placeholder_types;
use crate::suggest;
use crate::tokens;
use crate::transactions::Access;
use crate::validation::{self, Meant};
use crate::value_closures;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, ExprClosure, GenericArgument, PathArguments, Type, TypeReference};

pub(super) fn all(model: &Cached, cx: &Ctxt) {
    validation::check_async(&model.function, "#[cached]", cx);
    model.options.transactions.check(&model.function, &model.params, Access::Reads, cx);
    check_returns_something(model, cx);
    check_return_type_is_named(model, cx);
    check_value_is_owned(model, cx);
    check_skipped_are_parameters(model, cx);
    match &model.options.key {
        Some(Key::Template(template)) => {
            check_skipped_are_not_in_key(model, template, cx);
            let meant = validation::check_template(template, &model.params, cx);
            check_types(model, template, cx);
            check_template_is_complete(model, template, &meant, cx);
            generics::check(model, &meant.names, cx);
        }
        // A batch refuses an expression, in `each`.
        Some(Key::Expr(_)) if model.options.each.is_some() => {}
        // A word has its own message.
        Some(Key::Expr(expr))
            if !validation::check_is_no_word(expr, Noun::Key, &model.params, cx) => {}
        Some(Key::Expr(expr)) => {
            check_expression_is_complete(model, &expr.to_token_stream(), cx);
            generics::check(model, &[], cx);
        }
        None => {}
    }
    if let Some(because) = model.options.freshness.background() {
        background::check(model, because, cx);
    }
    if let Some(list) = &model.options.each {
        each::check(model, list, cx);
    }
    row_id_rules::check(model, cx);
    negative_rules::check(model, cx);
    for tag in &model.options.tags {
        validation::check_key(tag, Noun::Tag, &model.params, cx);
        if let Key::Template(template) = tag {
            check_types(model, template, cx);
        }
    }
    check_closures(model, cx);
}

/// In a batch, a placeholder may be an element of a list.
fn check_types(model: &Cached, template: &Template, cx: &Ctxt) {
    if model.options.each.is_none() {
        placeholder_types::check(&model.function, template, cx);
    }
}

/// What checks a closure over the value.
type Check = fn(&ExprClosure, Option<&Type>, &Ctxt);

/// In a batch, closures see the value of one element.
fn check_closures(model: &Cached, cx: &Ctxt) {
    let options = &model.options;
    let output = model.function.output();
    let check_by = |closure: &ExprClosure, alone: Check| match &options.each {
        // A group is seen as a whole.
        Some(_) if options.row_ids.group.is_some() => {}
        Some(_) => value_closures::check_in_batch(closure, output, cx),
        None => alone(closure, output, cx),
    };
    let check = |closure: &ExprClosure| check_by(closure, value_closures::check_of_a_reader);
    match &options.ttl {
        Some(Ttl::OfValue(closure)) => check(closure),
        Some(Ttl::Length(Length::Expr(ttl))) => {
            value_closures::check_is_no_function(ttl, &model.params, cx);
        }
        _ => {}
    }
    let batch = options.each.is_some() && options.row_ids.group.is_none();
    let unless = options.unless.as_ref();
    let unless =
        unless.filter(|unless| value_closures::check_is_no_question(unless, output, batch, cx));
    if let Some(Expr::Closure(unless)) = unless {
        check(unless);
    }
    if let Some(Expr::Closure(same)) = &options.same {
        check_by(same, value_closures::check);
    }
    if let Some(tags) = &options.value_tags {
        value_tags::check(tags, output, cx);
    }
    if let Some(value) = &options.value {
        kept_value::check(value, output, &model.params, cx);
    }
}

/// A function without a result is called for its effect, which a hit would skip.
fn check_returns_something(model: &Cached, cx: &Ctxt) {
    let message = "the function returns `()`, so there is nothing to cache: return a value, or remove `#[cached]`";
    match (model.function.output(), &model.function.form) {
        (Some(Type::Tuple(unit)), _) if unit.elems.is_empty() => cx.error_at(unit, message),
        (None, Form::Async(_)) => cx.error_at(&model.function.sig.ident, message),
        _ => {}
    }
}

/// A hit decodes the value into its type, so the type must have a name.
fn check_return_type_is_named(model: &Cached, cx: &Ctxt) {
    let output = model.function.output();
    for hidden in output.into_iter().flat_map(function::impl_traits) {
        cx.error_at(
            hidden,
            "a cached value is decoded into its type, which `impl Trait` hides: name the type",
        );
    }
}

/// A hit decodes the value from bytes, so the value has nothing to borrow from. The compiler would say so at the attribute,
/// in terms of lifetimes that nobody wrote.
fn check_value_is_owned(model: &Cached, cx: &Ctxt) {
    if let Some(borrowed) = model.function.output().and_then(borrowed_value) {
        cx.error_at(
            borrowed,
            "a cached value is decoded from bytes, so it cannot be a reference: return an owned \
             type, such as `String` for `&str`",
        );
    }
}

/// The reference in `&T`, `Option<&T>`, `Result<&T, E>` and `Result<Option<&T>, E>`.
fn borrowed_value(ty: &Type) -> Option<&TypeReference> {
    match ty {
        Type::Reference(reference) => Some(reference),
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                return None;
            };
            let is_wrapper = last.ident == "Option" || last.ident == "Result";
            match arguments.args.first()? {
                GenericArgument::Type(value) if is_wrapper => borrowed_value(value),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A name in `skip` must be a parameter. The parameter that a misspelt one meant is not reported as missing.
fn check_skipped_are_parameters(model: &Cached, cx: &Ctxt) {
    let names = model.params.list();
    for (at, name) in model.options.skip.iter().enumerate() {
        if model.options.skip[..at].contains(name) {
            cx.error_at(name, format!("`{name}` is skipped twice: keep one of them"));
        }
        if model.params.contains(&name.to_string())
            || generics::parameters(model).any(|it| it == name)
        {
            continue;
        }
        let hint = suggest::parameter(name, &names);
        cx.error_at(name, format!("`{name}` is not a parameter{hint}"));
    }
}

/// `skip` says that a parameter does not shape the value; the key says that it does.
fn check_skipped_are_not_in_key(model: &Cached, template: &Template, cx: &Ctxt) {
    for name in &model.options.skip {
        let used = template.placeholders().find(|p| name.unraw() == *p.root());
        if let Some(used) = used {
            cx.error_at(
                name,
                format!("`{name}` is skipped, but the key has `{used}`: remove one of the two"),
            );
        }
    }
}

/// Two calls that differ only in a parameter outside the key would share an entry.
fn check_template_is_complete(model: &Cached, template: &Template, meant: &Meant, cx: &Ctxt) {
    let mut absent: Vec<_> = missing(model, |name| {
        template.placeholders().any(|p| p.root().trim_start_matches("r#") == name)
            || meant.names.iter().any(|meant| meant == name)
    })
    .collect();
    // An unknown placeholder stands for some parameter: one message is enough for both.
    if absent.len() <= meant.unknown {
        absent.clear();
    }
    for name in absent {
        cx.error_at(
            &name,
            incomplete(&name.unraw().to_string(), &format!("add `<{}>` to the key", name.unraw())),
        );
    }
}

/// As for a template. How an expression uses a parameter is not checked.
fn check_expression_is_complete(model: &Cached, key: &proc_macro2::TokenStream, cx: &Ctxt) {
    for name in missing(model, |name| tokens::mentions(key.clone(), name)) {
        cx.error_at(&name, incomplete(&name.unraw().to_string(), "use it in the key"));
    }
    for name in &model.options.skip {
        if tokens::mentions(key.clone(), &name.unraw().to_string()) {
            cx.error_at(
                name,
                format!("`{name}` is skipped, but the key uses it: remove one of the two"),
            );
        }
    }
}

fn missing(model: &Cached, in_key: impl Fn(&str) -> bool) -> impl Iterator<Item = syn::Ident> {
    let absent = |name: &&syn::Ident| {
        model.options.complete
            && !in_key(&name.unraw().to_string())
            && !model.skips(name)
            && !model.is_the_cache(name)
            && !model.options.transactions.is_unexplained(&model.function.sig, name)
            && !probably_skipped(model, name)
            && model.options.each.as_ref() != Some(*name)
    };
    model.params.names.iter().filter(absent).cloned().collect::<Vec<_>>().into_iter()
}

/// Whether a misspelt `skip` meant this parameter, which has its own message.
fn probably_skipped(model: &Cached, name: &syn::Ident) -> bool {
    let name = name.to_string();
    let names = model.params.list();
    (model.options.skip.iter())
        .filter(|skipped| !model.params.contains(&skipped.to_string()))
        .any(|skipped| suggest::closest(&skipped.to_string(), &names) == Some(&*name))
}

fn incomplete(name: &str, instead: &str) -> String {
    format!(
        "`{name}` is not part of the key, so two calls that differ only in `{name}` would share an \
         entry: {instead}, or write `skip({name})`"
    )
}
