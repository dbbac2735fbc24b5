//! `value = |user: User| ...`: what is kept of the value that the body returns, which is what every caller gets.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Pat, Type};

use super::hooks;
use super::model::Cached;
use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::params::Params;
use crate::tokens;
use crate::value_closures::inside;

pub(crate) const USAGE: Usage =
    ("value", "value = |user: User| User { password_hash: String::new(), ..user }");

pub(super) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Expr> {
    match args.take("value")?.expr(cx)? {
        Expr::Closure(closure) if closure.inputs.len() == 1 => Some(Expr::Closure(closure)),
        path @ Expr::Path(_) => Some(path),
        other => {
            cx.error_at(
                other,
                "`value` must be a closure that takes the loaded value, and returns what is kept of it: \
                 `value = |user: User| User { password_hash: String::new(), ..user }`",
            );
            None
        }
    }
}

/// `let __body = ...;`, after which the body returns what is kept. `__body` is pinned, and `__shape` is its shape.
pub(super) fn attended(model: &Cached) -> TokenStream {
    let Some((at, value)) = &given(model) else { return TokenStream::new() };
    let krate = tokens::at(&model.options.shared.krate, *at);
    let body = quote_spanned!(*at=> #krate::__private::valued(&__shape, __body, #value));
    quote_spanned!(Span::mixed_site()=> let __body = #body;)
}

/// The same of a load that can go on in the background.
pub(super) fn in_background(model: &Cached) -> TokenStream {
    let Some((at, value)) = &given(model) else { return TokenStream::new() };
    let krate = tokens::at(&model.options.shared.krate, *at);
    let value = hooks::made_for_a_load(model, value, "project", *at);
    let load = quote_spanned!(*at=> #krate::__private::valued_load(&__shape, __load, #value));
    quote_spanned!(Span::mixed_site()=> let __load = #load;)
}

/// The same of the load of a batch over `ids`.
pub(super) fn of_rows(model: &Cached, ids: &TokenStream) -> TokenStream {
    let Some((at, value)) = &given(model) else { return TokenStream::new() };
    let krate = tokens::at(&model.options.shared.krate, *at);
    let (function, value) = match model.options.freshness.background() {
        None => ("valued_rows", quote_spanned!(*at=> #value)),
        Some(_) => ("valued_rows_owned", hooks::made_for_a_load(model, value, "project", *at)),
    };
    let function = Ident::new(function, *at);
    let load = quote_spanned!(*at=> #krate::__private::#function(&__rows, #ids, __load, #value));
    quote_spanned!(Span::mixed_site()=> let __load = #load;)
}

/// The closure, and where it stands.
fn given(model: &Cached) -> Option<(Span, &Expr)> {
    let value = model.options.value.as_ref()?;
    Some((Span::mixed_site().located_at(tokens::first_span(value)), value))
}

/// A closure takes the value itself, without `Option` and `Result`, and a parameter is no function.
pub(super) fn check(value: &Expr, output: Option<&Type>, params: &Params, cx: &Ctxt) {
    if let Expr::Path(path) = value
        && let Some(name) = path.path.get_ident()
        && params.contains(&name.to_string())
    {
        cx.error_at(
            name,
            format!("`value` is a closure over the value that the body returns, and `{name}` is a parameter: write `value = |value| ...`"),
        );
    }
    let Expr::Closure(closure) = value else { return };
    let Some(Pat::Type(typed)) = closure.inputs.first() else { return };
    let output = output.map(|output| inside(output, "Result").unwrap_or(output));
    let is_optional = output.is_some_and(|output| inside(output, "Option").is_some());
    if let Type::Reference(reference) = &*typed.ty {
        let text = tokens::text(&reference.elem);
        cx.error_at(
            &typed.ty,
            format!("the closure of `value` takes the value itself, to change it: write `{text}`"),
        );
    } else if let Some(value) =
        inside(&typed.ty, "Result").or_else(|| inside(&typed.ty, "Option").filter(|_| is_optional))
    {
        let text = tokens::text(inside(value, "Option").unwrap_or(value));
        cx.error_at(
            &typed.ty,
            format!("the closure of `value` takes the `{text}` that was found: write `{text}`"),
        );
    }
}
