//! `same = |a, b| ...`: what compares a value with what its encoding gives back, in the place of `PartialEq`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::{Expr, Path};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::tokens;

/// How the argument is written.
pub(crate) const USAGE: Usage = ("same", "same = |a, b| a.id == b.id");

pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Expr> {
    match args.take("same")?.expr(cx)? {
        Expr::Closure(closure) if closure.inputs.len() == 2 => Some(Expr::Closure(closure)),
        path @ Expr::Path(_) => Some(path),
        other => {
            cx.error_at(
                other,
                "`same` must be a closure that compares two values: `same = |a: &User, b: &User| a.id == b.id`",
            );
            None
        }
    }
}

/// What compares two values: by autoref, unless the attribute says it. `value` is a `ValueProbe` of them.
pub(crate) fn of(krate: &Path, same: Option<&Expr>, value: &Ident) -> TokenStream {
    let span = Span::mixed_site();
    if let Some(same) = same {
        let at = span.located_at(tokens::first_span(same));
        let krate = tokens::at(krate, at);
        return quote_spanned!(at=> #krate::__private::same(&#value, #same));
    }
    quote_spanned! {span=>
        {
            #[allow(unused_imports)]
            use #krate::__private::{Same0 as _, Same1 as _};
            (&#value).__cache_same()
        }
    }
}
