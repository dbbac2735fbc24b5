//! `when = ...`: a condition on the parameters. Where it is false, a call is as one of the function without its attribute.

use syn::{Expr, ExprLit, Lit};

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;

/// How the argument is written.
pub(crate) const USAGE: Usage = ("when", "when = !fresh");

pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Expr> {
    let expr = args.take("when")?.expr(cx)?;
    if let Expr::Closure(closure) = &expr {
        cx.error_at(
            closure,
            "`when` is evaluated before there is a value: write a `bool` expression over the \
             parameters, or `unless = |value| ...` to look at the value that a reader has loaded",
        );
        return None;
    }
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &expr {
        let written = text.value();
        let example = match text.parse::<Expr>() {
            Ok(_) => &*written,
            Err(_) => "!fresh",
        };
        cx.error_at(
            text,
            format!(
                "`when` is an expression over the parameters, without quotes: `when = {example}`"
            ),
        );
        return None;
    }
    Some(expr)
}
