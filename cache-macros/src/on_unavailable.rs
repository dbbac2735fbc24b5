//! `on_unavailable = "error"`: refuses a write before it begins if its keys cannot be fenced.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, ExprLit, Lit, Path};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::key::Key;
use crate::result_keys;

/// How the argument is written.
pub(crate) const USAGE: Usage = ("on_unavailable", "on_unavailable = \"error\"");

/// The span of the argument, if it was given.
pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Span> {
    let arg = args.take("on_unavailable")?;
    let at = arg.name.span();
    match arg.expr(cx)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == "error" => Some(at),
        other => {
            cx.error_at(
                other,
                "`on_unavailable` takes only `\"error\"`, which refuses a write whose keys cannot be fenced; \
                 without `on_unavailable` the write proceeds, and its keys are invalidated when the store is back",
            );
            None
        }
    }
}

/// A key that names the result cannot be fenced before the body runs. If all keys do, no write could be refused.
pub(crate) fn check<'a>(at: Option<Span>, mut fences: impl Iterator<Item = &'a Key>, cx: &Ctxt) {
    let Some(at) = at else { return };
    if fences.all(|key| result_keys::template(key).is_some()) {
        let message = "no key can be fenced before the function runs, since every key names its \
                       result: add a key or a tag made of the parameters, or remove `on_unavailable`";
        cx.error(syn::Error::new(at, message));
    }
}

/// `let __refuse = ...;`: makes the refusal in the function's own error type.
pub(crate) fn prepare(at: Span, krate: &Path) -> TokenStream {
    let span = Span::mixed_site();
    let krate = crate::tokens::at(krate, at);
    let refusal = quote_spanned!(span.located_at(at)=> #krate::__private::refusal(&__shape));
    quote_spanned!(span=> let __refuse = #refusal;)
}
