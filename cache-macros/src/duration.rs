//! Durations in arguments: `3600`, `60 * 60`, `"1h30m"`, or an expression.

use std::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;
use syn::{BinOp, Expr, ExprLit, Lit, LitFloat, UnOp};

use crate::tokens;

/// A duration in an argument.
pub(crate) enum Length {
    /// A literal, of at least a millisecond: Redis measures no finer.
    Known(Duration),
    /// An expression that gives a `Duration` or a number of seconds.
    Expr(Expr),
}

impl Length {
    /// Parses the value of the argument `name`. `zero` says in the error what a duration of zero would mean.
    pub(crate) fn parse(name: &str, expr: Expr, zero: &str) -> syn::Result<Self> {
        let error = |message: String| Err(syn::Error::new_spanned(&expr, message));
        let length = match read(&expr) {
            Ok(Some(length)) => length,
            Ok(None) => return Ok(Length::Expr(expr)),
            Err(message) => return error(format!("`{name}` {message}")),
        };
        if length.is_zero() {
            return error(format!("`{name}` is zero: {zero}"));
        }
        if length < Duration::from_millis(1) {
            return error(format!(
                "`{name}` is shorter than Redis can measure: write at least `\"1ms\"`"
            ));
        }
        Ok(Length::Known(length))
    }

    /// As [`parse`](Length::parse), for an argument that is usually shorter than a second: a bare number could be meant as
    /// milliseconds.
    pub(crate) fn parse_with_unit(name: &str, expr: Expr, zero: &str) -> syn::Result<Self> {
        match number(&expr) {
            Some(Ok(number)) if number > 0 => Err(syn::Error::new_spanned(
                expr,
                format!("`{name}` needs a unit: write `\"{number}ms\"` or `\"{number}s\"`"),
            )),
            _ => Length::parse(name, expr, zero),
        }
    }

    /// The code of a `Duration`.
    pub(crate) fn duration(&self) -> TokenStream {
        let span = Span::mixed_site();
        match self {
            Length::Expr(expr) => quote_spanned!(span=> #expr),
            Length::Known(length) => {
                let seconds = Literal::u64_unsuffixed(length.as_secs());
                let nanos = Literal::u32_unsuffixed(length.subsec_nanos());
                match u64::try_from(length.as_millis()) {
                    _ if length.subsec_nanos() == 0 => {
                        quote_spanned!(span=> ::core::time::Duration::from_secs(#seconds))
                    }
                    Ok(millis) if length.subsec_nanos() % 1_000_000 == 0 => {
                        let millis = Literal::u64_unsuffixed(millis);
                        quote_spanned!(span=> ::core::time::Duration::from_millis(#millis))
                    }
                    _ => quote_spanned!(span=> ::core::time::Duration::new(#seconds, #nanos)),
                }
            }
        }
    }

    /// The call of a `Policy`'s method: `ttl(60)`, or `ttl_duration(...)`, whose argument must be a constant.
    pub(crate) fn method(&self, name: &str) -> TokenStream {
        let span = Span::mixed_site();
        if let Some(seconds) = self.seconds() {
            let method = Ident::new(name, span);
            return quote_spanned!(span=> #method(#seconds));
        }
        let duration = self.duration();
        // With this span, the compiler reports an expression of another type where the user wrote it.
        let at = span.located_at(tokens::first_span(&duration));
        let method = Ident::new(&format!("{name}_duration"), at);
        quote_spanned!(at=> #method(#duration))
    }

    /// The seconds, if the duration is a whole number of them.
    fn seconds(&self) -> Option<Literal> {
        match self {
            Length::Known(length) if length.subsec_nanos() == 0 => {
                Some(Literal::u64_unsuffixed(length.as_secs()))
            }
            _ => None,
        }
    }
}

const NEGATIVE: &str = "cannot be negative: write for example `60` or `\"1m\"`";
const TOO_LARGE: &str = "is too large: write for example `\"1year\"`";

/// The duration that `expr` spells, if it is made of literals only.
fn read(expr: &Expr) -> Result<Option<Duration>, String> {
    if let Expr::Lit(ExprLit { lit, .. }) = expr {
        match lit {
            Lit::Str(text) => return text_length(&text.value()).map(Some),
            Lit::Int(_) => {}
            Lit::Float(float) => return Err(fraction(float)),
            _ => {
                return Err(
                    "is not a duration: write for example `90` (seconds), `\"90s\"` or `\"1h30m\"`"
                        .into(),
                );
            }
        }
    }
    let Some(seconds) = number(expr) else {
        return Ok(None);
    };
    let seconds = seconds.map_err(|()| TOO_LARGE.to_owned())?;
    match u64::try_from(seconds) {
        Ok(seconds) => Ok(Some(Duration::from_secs(seconds))),
        Err(_) if seconds < 0 => Err(NEGATIVE.into()),
        Err(_) => Err(TOO_LARGE.into()),
    }
}

/// What to write for `1.5`.
fn fraction(float: &LitFloat) -> String {
    let written = float.base10_parse().ok().and_then(|it| Duration::try_from_secs_f64(it).ok());
    let written = written.map_or_else(
        || "1s 500ms".to_owned(),
        |written| humantime::format_duration(written).to_string(),
    );
    format!("must be a whole number of seconds: for a fraction write `\"{written}\"`")
}

fn text_length(text: &str) -> Result<Duration, String> {
    let number = text.trim();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    humantime::parse_duration(text).map_err(|_| match number.strip_prefix('-') {
        Some(_) => NEGATIVE.to_owned(),
        None if is_number => {
            format!("needs a unit: write `\"{number}s\"`, or `{number}` without quotes for seconds")
        }
        None => {
            "is not a duration: write for example `\"90s\"`, `\"1h30m\"` or `\"500ms\"`".to_owned()
        }
    })
}

/// The value of arithmetic over integer literals; `Err` if it overflows, `None` for anything else.
fn number(expr: &Expr) -> Option<Result<i128, ()>> {
    let value = match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse().map_err(|_| ()),
        Expr::Paren(paren) => number(&paren.expr)?,
        Expr::Group(group) => number(&group.expr)?,
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            number(&unary.expr)?.and_then(|n| n.checked_neg().ok_or(()))
        }
        Expr::Binary(binary) => {
            let apply: fn(i128, i128) -> Option<i128> = match binary.op {
                BinOp::Add(_) => i128::checked_add,
                BinOp::Sub(_) => i128::checked_sub,
                BinOp::Mul(_) => i128::checked_mul,
                BinOp::Div(_) => i128::checked_div,
                _ => return None,
            };
            let (left, right) = (number(&binary.left)?, number(&binary.right)?);
            left.and_then(|left| apply(left, right?).ok_or(()))
        }
        _ => return None,
    };
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> Result<Duration, String> {
        let expr = syn::parse_str(text).unwrap();
        match Length::parse("ttl", expr, "nothing would be cached") {
            Ok(Length::Known(length)) => Ok(length),
            Ok(Length::Expr(_)) => Err("expression".into()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn literals_and_their_arithmetic() {
        assert_eq!(length("3600"), Ok(Duration::from_secs(3600)));
        assert_eq!(length("3600u64"), Ok(Duration::from_secs(3600)));
        assert_eq!(length("24 * (60 * 60) - 1"), Ok(Duration::from_secs(86_399)));
        assert_eq!(length("\"1h30m\""), Ok(Duration::from_secs(5400)));
        assert_eq!(length("\"1s 500ms\""), Ok(Duration::from_millis(1500)));
    }

    #[test]
    fn other_expressions_are_kept() {
        for text in ["TTL", "Duration::from_secs(5)", "60 * MINUTES", "-TTL", "self.ttl"] {
            assert_eq!(length(text), Err("expression".into()), "{text}");
        }
    }

    #[test]
    fn other_literals_are_refused() {
        let cases = [
            ("0", "zero: nothing would be cached"),
            ("60 - 60", "zero"),
            ("\"0s\"", "zero"),
            ("-5", "negative"),
            ("\"-5s\"", "negative"),
            ("1 / 0", "too large"),
            ("99999999999999999999999999999999999999999", "too large"),
            ("18446744073709551616", "too large"),
            ("1.5", "`\"1s 500ms\"`"),
            ("true", "not a duration"),
            ("\"soon\"", "is not a duration: write"),
            ("\"90\"", "needs a unit: write `\"90s\"`, or `90`"),
            ("\"\"", "is not a duration: write"),
            ("\"10us\"", "at least `\"1ms\"`"),
        ];
        for (text, message) in cases {
            let error = length(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}
