//! Arguments that become part of a `static`, so that they are the same for every call, and functions in the place of durations.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::Expr;
use syn::ext::IdentExt;

use crate::args::{Args, Value};
use crate::ctxt::Ctxt;
use crate::params::Params;
use crate::tokens;

/// Arguments that are constants.
const CONSTANTS: [&str; 12] = [
    "audit",
    "jitter",
    "load_timeout",
    "local",
    "lock",
    "max_bytes",
    "policy",
    "refresh_ahead",
    "soft_timeout",
    "stale_if_error",
    "stale_while_revalidate",
    "version",
];

/// Arguments that are durations, whether constant or not. `ttl`, which can be a closure, has a message of its own.
const DURATIONS: [&str; 7] = [
    "hold",
    "load_timeout",
    "local",
    "negative_ttl",
    "soft_timeout",
    "stale_if_error",
    "stale_while_revalidate",
];

/// Checks all arguments of an attribute.
pub(crate) fn check(args: &Args, params: &Params, cx: &Ctxt) {
    for (name, value) in args.named() {
        let is_one_of = |names: &[&str]| names.iter().any(|known| name == known);
        if let Some(used) = used(value, params).filter(|_| is_one_of(&CONSTANTS)) {
            cx.error_at(
                value,
                format!("`{name}` is the same for every call, so it cannot depend on the parameter `{used}`: write a constant"),
            );
        } else if let Some(function) = function(value, params).filter(|_| is_one_of(&DURATIONS)) {
            cx.error_at(
                value,
                format!("`{name}` takes a duration, and `{function}` is a function: call it, as in `{function}()`"),
            );
        }
    }
}

/// The parameter that a value depends on.
fn used(value: &Value, params: &Params) -> Option<String> {
    // A closure has a message of its own.
    if let Value::Is(Expr::Closure(_)) = value {
        return None;
    }
    let tokens = without_names(value.to_token_stream());
    let names = params.names.iter().map(|name| name.unraw().to_string());
    let receiver = params.receiver.map(|_| "self".to_owned());
    names.chain(receiver).find(|name| tokens::mentions(tokens.clone(), name))
}

/// The tokens without the names of arguments: without `lease` in `lease = "5s"`.
fn without_names(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is_name = |at: usize| {
        let next = tokens.get(at + 1);
        matches!(tokens[at], TokenTree::Ident(_))
            && matches!(next, Some(TokenTree::Punct(punct)) if punct.as_char() == '=')
    };
    (0..tokens.len()).filter(|at| !is_name(*at)).map(|at| tokens[at].clone()).collect()
}

/// A path that is a function by its name, and no parameter.
fn function(value: &Value, params: &Params) -> Option<String> {
    match value {
        Value::Is(expr) => is_function(expr, params).then(|| tokens::text(expr)),
        _ => None,
    }
}

/// Whether `expr` is the path of a function: it ends in lower case, as a constant does not.
pub(crate) fn is_function(expr: &Expr, params: &Params) -> bool {
    let Expr::Path(path) = expr else { return false };
    let is_parameter = path.path.get_ident().is_some_and(|name| params.contains(&name.to_string()));
    let last = path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    !is_parameter && last.starts_with(char::is_lowercase)
}
