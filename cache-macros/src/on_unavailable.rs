//! `on_unavailable = "error"`: a write that is refused before it begins, where its keys cannot be fenced.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, ExprLit, Lit, Path};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::key::Key;
use crate::result_keys;

/// How the argument is written.
pub(crate) const USAGE: Usage = ("on_unavailable", "on_unavailable = \"error\"");

/// Where the argument stands, if it was given.
pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Span> {
    let arg = args.take("on_unavailable")?;
    let at = arg.name.span();
    match arg.expr(cx)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == "error" => Some(at),
        other => {
            cx.error_at(
                other,
                "`on_unavailable = \"error\"` refuses the write where its keys cannot be fenced; \
                 leave it out, and the write goes ahead: it is invalidated as soon as the store is back",
            );
            None
        }
    }
}

/// What is known only from the result cannot be fenced before, and a write without a fence cannot be refused.
pub(crate) fn check<'a>(at: Option<Span>, mut fences: impl Iterator<Item = &'a Key>, cx: &Ctxt) {
    let Some(at) = at else { return };
    if fences.all(|key| result_keys::template(key).is_some()) {
        let message = "nothing is fenced before this function runs, for every key names what it \
                       returns: add a key or a tag that is known from the parameters, or leave \
                       `on_unavailable` out";
        cx.error(syn::Error::new(at, message));
    }
}

/// `let __refuse = ...;`, which says no in the function's own error type; and the call that uses it.
pub(crate) fn prepare(at: Span, krate: &Path) -> TokenStream {
    let span = Span::mixed_site();
    let krate = crate::tokens::at(krate, at);
    let refusal = quote_spanned!(span.located_at(at)=> #krate::__private::refusal(&__shape));
    quote_spanned!(span=> let __refuse = #refusal;)
}
