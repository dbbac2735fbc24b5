//! The rules of `#[write_behind]`, one function for each, with its reason.

use quote::ToTokens;
use syn::{FnArg, GenericArgument, PatType, PathArguments, ReceiverKind, Type};

use super::model::{Batch, ReceiverForm, WriteBehind};
use crate::ctxt::Ctxt;
use crate::function::Form;
use crate::key::{Key, Noun};
use crate::stale_keys;
use crate::tokens;
use crate::transactions;
use crate::validation;

/// Checks all of them, and returns what the expansion needs of the signature.
pub(super) fn all<'a>(model: &'a WriteBehind, cx: &Ctxt) -> Option<Batch<'a>> {
    validation::check_async(&model.function, "#[write_behind]", cx);
    transactions::refuse(&model.function.sig, LATER, cx);
    check_no_trait(model, cx);
    check_not_generic(model, cx);
    check_says_whether_it_worked(model, cx);
    check_name_is_free(model, cx);
    check_key(model, cx);
    for tag in &model.options.tags {
        validation::check_key(tag, Noun::Tag, &model.params, cx);
    }
    for key in model.options.key.iter().chain(&model.options.tags) {
        if let Key::Template(template) = key {
            stale_keys::check_no_wildcard(template, cx);
        }
    }
    let receiver = check_receiver(model, cx);
    let parameter = check_takes_a_batch(model, cx);
    let (receiver, parameter) = (receiver?, parameter?);
    let value = argument_of(parameter, "Vec")?;
    Some(Batch { receiver, parameter, value: argument_of(value, "Queued").unwrap_or(value) })
}

const LATER: &str = "a batch is written later, when this transaction has ended: begin a transaction inside the function";

/// The expansion adds methods, which the implementation of a trait cannot have.
fn check_no_trait(model: &WriteBehind, cx: &Ctxt) {
    if let Form::Desugared(desugared) = &model.function.form
        && desugared.is_boxed()
    {
        cx.error_at(
            &model.function.sig.ident,
            "`#[write_behind]` adds methods, which the implementation of a trait cannot have: put it on an inherent \
             method, and call that here",
        );
    }
}

/// The flusher calls the function, so no caller can choose its type parameters.
fn check_not_generic(model: &WriteBehind, cx: &Ctxt) {
    let generics = &model.function.sig.generics;
    // The user did not write those of `#[async_trait]`.
    let written = matches!(model.function.form, Form::Async(_));
    if written && !generics.params.is_empty() {
        cx.error_at(
            &generics.params,
            "the flusher calls this function, so it cannot be generic: name the type, or move the parameters to the \
             `impl`",
        );
    }
}

/// The queue drops a batch unless the function reports that it failed.
fn check_says_whether_it_worked(model: &WriteBehind, cx: &Ctxt) {
    let message = "the queue must know whether the batch was written: return a `Result`, such as `sqlx::Result<()>`";
    match (model.function.output(), &model.function.form) {
        (Some(Type::Tuple(unit)), _) if unit.elems.is_empty() => cx.error_at(unit, message),
        (None, Form::Async(_)) => cx.error_at(&model.function.sig.ident, message),
        _ => {}
    }
}

/// The added function needs a name of its own. The compiler would report the wrong one of the two.
fn check_name_is_free(model: &WriteBehind, cx: &Ctxt) {
    if let Some(enqueue) = &model.options.enqueue
        && enqueue.name == model.function.sig.ident
    {
        cx.error_at(
            &enqueue.name,
            "the batch function has this name already: give the function that accepts a single value another one, \
             such as `save` beside `save_all`",
        );
    }
}

/// Different values need different keys.
fn check_key(model: &WriteBehind, cx: &Ctxt) {
    let Some(enqueue) = &model.options.enqueue else {
        return;
    };
    let value = enqueue.value.to_string();
    let missing = |instead: String| {
        format!(
            "`{value}` is not part of the key, so each value would replace the one before: {instead}"
        )
    };
    match &model.options.key {
        Some(Key::Template(template)) => {
            let meant = validation::check_placeholders(template, &model.params, cx);
            let braces = validation::check_braces(template, &model.params.list(), cx);
            let named = template.placeholders().any(|p| p.root() == value);
            let probably = meant.unknown > 0 || meant.names.contains(&value);
            if !named && !probably && !braces.contains(&value) {
                cx.error_at(
                    &template.literal,
                    missing(format!("name what tells them apart, such as `<{value}.id>`")),
                );
            }
        }
        Some(Key::Expr(expr)) if !tokens::mentions(expr.to_token_stream(), &value) => {
            let instead =
                format!("use what tells them apart, as in `format!(\"{value}:{{}}\", {value}.id)`");
            cx.error_at(expr, missing(instead));
        }
        _ => {}
    }
}

/// The flusher outlives the call that starts it, so it keeps a clone of `self`.
fn check_receiver(model: &WriteBehind, cx: &Ctxt) -> Option<ReceiverForm> {
    let Some(FnArg::Receiver(receiver)) = model.function.sig.inputs.first() else {
        return Some(ReceiverForm::None);
    };
    let known = match &receiver.kind {
        ReceiverKind::Reference(_, _, None) => Some(ReceiverForm::Reference),
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) => {
                argument_of(&reference.elem, "Arc").map(|_| ReceiverForm::SharedReference)
            }
            ty => argument_of(ty, "Arc").map(|_| ReceiverForm::Shared),
        },
        _ => None,
    };
    if known.is_none() {
        cx.error_at(
            receiver,
            "a background task calls this function, with a clone of `self`: take `&self` (of a type that is `Clone`), \
             or `self: Arc<Self>`",
        );
    }
    known
}

/// The function takes one parameter, a `Vec`. Anything else that it needs is in `self`.
fn check_takes_a_batch<'a>(model: &'a WriteBehind, cx: &Ctxt) -> Option<&'a Type> {
    let sig = &model.function.sig;
    let typed: Vec<&PatType> = sig
        .inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        })
        .collect();
    match typed[..] {
        [] => {
            cx.error_at(
                &sig.ident,
                "this function takes no batch: add a parameter such as `users: Vec<User>`",
            );
            None
        }
        [only] if argument_of(&only.ty, "Vec").is_some() => Some(&only.ty),
        [only] => {
            // A transaction has its own message.
            if cx.is_clean() {
                cx.error_at(
                    &only.ty,
                    "the batch must be a `Vec<User>`, or a `Vec<Queued<User>>` with the values' places in the queue",
                );
            }
            None
        }
        [_, ref more @ ..] => {
            for typed in more.iter().filter(|_| cx.is_clean()) {
                cx.error_at(
                    typed,
                    "a background task calls this function with a batch and nothing else: keep what it needs in `self`",
                );
            }
            None
        }
    }
}

/// The `T` of `Name<T>`.
fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(ty) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}
