//! `negative = Error::NotFound`: an error that says that there is no value, remembered as a `None` is. It is a pattern for the
//! load's error, and the expression that a hit returns; or a closure or pattern recognizes it, and `negative_error` is what a
//! hit returns.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::{Expr, Pat, Type};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::tokens;

pub(crate) const USAGES: &[Usage] = &[
    ("negative", "negative = Error::NotFound"),
    ("negative_error", "negative_error = Error::NotFound"),
];

/// How the error is recognized, and what a hit returns.
pub(crate) struct Negative {
    pub(super) recognized: Recognized,
    pub(super) error: Expr,
}

pub(super) enum Recognized {
    By(Expr),
    As(Pat),
}

pub(super) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Negative> {
    let error = args.take("negative_error");
    let Some(arg) = args.take("negative") else {
        if let Some(error) = error.filter(|_| args.lacks("negative")) {
            cx.error_at(
                error.name,
                "`negative_error` is what a call returns for an error that is remembered: say which error that is, with `negative = |error| ...`",
            );
        }
        return None;
    };
    let recognized = arg.expr(cx)?;
    let Some(error) = error else { return itself(recognized, cx) };
    let recognized = recognize(recognized, cx);
    let error = error.expr(cx)?;
    if let Expr::Closure(closure) = &error {
        let message = format!(
            "`negative_error` is the error itself, which may name parameters: remove the `||`: `negative_error = {}`",
            tokens::code(&closure.body)
        );
        cx.error_at(closure, message);
        return None;
    }
    Some(Negative { recognized: recognized?, error })
}

/// An error that is its own pattern.
fn itself(error: Expr, cx: &Ctxt) -> Option<Negative> {
    if is_function(&error) {
        cx.error_at(
            error,
            "this recognizes the error, and hits have to return one: say which, as in `negative_error = Error::NotFound`",
        );
        return None;
    }
    let is_value = match &error {
        // As a pattern, a name of a variable is every error.
        Expr::Path(path) => path
            .path
            .get_ident()
            .is_none_or(|name| !name.to_string().starts_with(char::is_lowercase)),
        error => matches!(error, Expr::Struct(_) | Expr::Call(_)),
    };
    match pattern(&error).filter(|_| is_value) {
        Some(pattern) => Some(Negative { recognized: Recognized::As(pattern), error }),
        None => not_an_error(error, cx),
    }
}

/// What recognizes an error.
fn recognize(recognized: Expr, cx: &Ctxt) -> Option<Recognized> {
    if !is_function(&recognized) {
        return match pattern(&recognized) {
            Some(pattern) => Some(Recognized::As(pattern)),
            None => not_an_error(recognized, cx),
        };
    }
    if let Expr::Closure(closure) = &recognized {
        if closure.inputs.len() != 1 {
            cx.error_at(
                &closure.inputs,
                "the closure of `negative` takes one argument, the error: `|error| ...`",
            );
            return None;
        }
        if let Some(Pat::Type(typed)) = closure.inputs.first()
            && !matches!(&*typed.ty, Type::Reference(_) | Type::Infer(_))
        {
            let text = tokens::text(&typed.ty);
            cx.error_at(
                &typed.ty,
                format!("the closure of `negative` looks at the error: write `&{text}`"),
            );
            return None;
        }
    }
    Some(Recognized::By(recognized))
}

fn not_an_error<T>(given: Expr, cx: &Ctxt) -> Option<T> {
    cx.error_at(
        given,
        "`negative` is the error that says that there is no value, which is remembered for `negative_ttl`: \
         `negative = Error::NotFound`, or `negative = Error::NotFound { id }` with parameters of the function; \
         or `negative = |error| ...` with a `negative_error`",
    );
    None
}

/// A closure, or the path of a function.
fn is_function(expr: &Expr) -> bool {
    match expr {
        Expr::Closure(_) => true,
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| {
            path.path.segments.len() > 1 && last.ident.to_string().starts_with(char::is_lowercase)
        }),
        _ => false,
    }
}

/// The expression as a pattern. It would be every error as the name of a variable.
fn pattern(expr: &Expr) -> Option<Pat> {
    let pattern = Pat::parse_multi.parse2(expr.to_token_stream()).ok()?;
    let is_variable = |pattern: &Pat| match pattern {
        Pat::Ident(name) => name.ident.to_string().starts_with(char::is_lowercase),
        pattern => matches!(pattern, Pat::Wild(_)),
    };
    (!is_variable(&pattern)).then_some(pattern)
}

/// The tokens that may mention parameters.
impl ToTokens for Negative {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.error.to_tokens(tokens);
        if let Recognized::By(function) = &self.recognized {
            function.to_tokens(tokens);
        }
    }
}
