//! Arguments that are a fraction of something, such as `jitter = 0.1`.

use proc_macro2::{Literal, TokenStream};
use quote::ToTokens;
use syn::{Expr, ExprLit, Lit, UnOp};

use crate::ctxt::Ctxt;
use crate::tokens;

/// An argument that is a fraction, and its wording in messages.
pub(crate) struct Fraction {
    pub(crate) argument: &'static str,
    /// "the ttl"
    pub(crate) of: &'static str,
    /// Whether the fraction may be 1.
    pub(crate) all: bool,
    /// "`0.1`"
    pub(crate) example: &'static str,
}

impl Fraction {
    /// Parses a fraction: a number, which is checked here, or an expression of type `f64`, which the compiler checks.
    pub(crate) fn parse(&self, expr: Expr, cx: &Ctxt) -> Option<TokenStream> {
        let Fraction { argument, of, all, example } = self;
        let Some(part) = literal(&expr) else {
            return Some(expr.into_token_stream());
        };
        // A policy stores millionths.
        let fits = part >= 1e-6 && (part < 1.0 || *all && part <= 1.0);
        if !fits {
            let most = if *all { "at most" } else { "less than" };
            let message = format!(
                "`{argument}` must be a fraction of {of}, more than 0 and {most} 1: write for example {example}"
            );
            cx.error_at(expr, message);
            return None;
        }
        let mut literal = Literal::f64_unsuffixed(part);
        literal.set_span(tokens::first_span(&expr));
        Some(literal.into_token_stream())
    }
}

/// The number that `expr` spells: NaN for a literal that is no number, `None` for an expression that may be one.
fn literal(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => {
            Some(float.base10_parse().unwrap_or(f64::NAN))
        }
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => {
            Some(int.base10_parse().unwrap_or(f64::NAN))
        }
        Expr::Lit(_) | Expr::Closure(_) => Some(f64::NAN),
        Expr::Paren(paren) => literal(&paren.expr),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => literal(&unary.expr).map(|n| -n),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIT: Fraction =
        Fraction { argument: "audit", of: "the hits", all: true, example: "`0.001`" };

    fn part(whole: &Fraction, text: &str) -> Option<String> {
        let cx = Ctxt::new();
        let part = whole.parse(syn::parse_str(text).unwrap(), &cx);
        assert_eq!(cx.check().is_ok(), part.is_some(), "{text}");
        part.map(|part| part.to_string())
    }

    #[test]
    fn numbers_are_checked_and_other_expressions_are_kept() {
        for (text, written) in
            [("0.001", "0.001"), ("1", "1.0"), ("(0.5)", "0.5"), ("PART", "PART")]
        {
            assert_eq!(part(&AUDIT, text).as_deref(), Some(written), "{text}");
        }
    }

    #[test]
    fn other_literals_are_refused() {
        for text in ["0", "0.0", "1.1", "-0.5", "1e-7", "\"10%\"", "true", "|hit| 0.5"] {
            assert_eq!(part(&AUDIT, text), None, "{text}");
        }
        assert_eq!(part(&Fraction { all: false, ..AUDIT }, "1.0"), None);
    }
}
