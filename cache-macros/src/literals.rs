//! Literals that are not what they look like: `5m` and `500ms` are numbers with a suffix, which parsing would drop.

use proc_macro2::{Literal, TokenStream, TokenTree};
use syn::Lit;

use crate::ctxt::Ctxt;

const INTEGERS: [&str; 12] =
    ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];

const FLOATS: [&str; 2] = ["f32", "f64"];

/// What an argument's number is: the unit in a suffix says what to write.
#[derive(Clone, Copy)]
pub(crate) enum Of {
    /// Of the ttl, or of the hits.
    Fraction(&'static str),
    Other,
}

/// Reports literals with a suffix that Rust does not have. Says whether there were none.
pub(crate) fn check(tokens: TokenStream, of: Of, cx: &Ctxt) -> bool {
    let mut clean = true;
    for token in tokens {
        match token {
            TokenTree::Group(group) => clean &= check(group.stream(), of, cx),
            TokenTree::Literal(literal) => {
                if let Some(message) = mistake(&literal, of) {
                    cx.error_at(literal, message);
                    clean = false;
                }
            }
            _ => {}
        }
    }
    clean
}

fn mistake(literal: &Literal, of: Of) -> Option<String> {
    let lit = Lit::new(literal.clone());
    let suffix = lit.suffix();
    let number = match &lit {
        _ if suffix.is_empty() => return None,
        Lit::Int(int) if INTEGERS.contains(&suffix) => return None,
        Lit::Int(int) => int.base10_digits(),
        Lit::Float(_) if FLOATS.contains(&suffix) => return None,
        Lit::Float(float) => float.base10_digits(),
        _ => return Some(format!("a string cannot have a suffix: remove `{suffix}`")),
    };
    let written = format!("{number}{suffix}");
    if let (Of::Fraction(of), Lit::Int(_) | Lit::Float(_)) = (of, &lit) {
        let percentage = part(number).filter(|_| suffix.to_lowercase().starts_with('p'));
        let part = percentage.unwrap_or_else(|| "0.1".to_owned());
        return Some(format!("`{written}` is not a number: write the fraction of {of}: `{part}`"));
    }
    let instead = match suffix.to_lowercase().as_str() {
        "k" | "kb" | "kib" => format!("write `{number} * 1024` for a number of bytes"),
        "mb" | "mib" => format!("write `{number} * 1024 * 1024` for a number of bytes"),
        _ if humantime::parse_duration(&written).is_ok() => {
            format!("write a duration in quotes: `\"{written}\"`")
        }
        _ => format!("remove `{suffix}`, or write a duration in quotes, such as `\"1h30m\"`"),
    };
    Some(format!("`{written}` is not a number, since Rust has no suffix `{suffix}`: {instead}"))
}

/// The fraction that a percentage is, unless none or all.
pub(crate) fn part(percentage: &str) -> Option<String> {
    let part = percentage.parse::<f64>().ok()? / 100.0;
    (0.0 < part && part < 1.0).then(|| part.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        mistake(&text.parse().unwrap(), Of::Other)
    }

    #[test]
    fn a_percentage_is_written_as_a_fraction() {
        let found = |text: &str| mistake(&text.parse().unwrap(), Of::Fraction("the ttl")).unwrap();
        assert!(found("10pct").ends_with("write the fraction of the ttl: `0.1`"));
        assert!(found("2.5percent").ends_with("`0.025`"));
        assert!(found("500pct").ends_with("`0.1`"));
        assert!(found("5s").ends_with("`0.1`"));
    }

    #[test]
    fn suffixes_of_rust_are_allowed() {
        for text in ["5", "5u64", "5_usize", "0.5", "0.5f64", "\"5m\"", "0xff", "1_000", "'m'"] {
            assert_eq!(found(text), None, "{text}");
        }
    }

    #[test]
    fn other_suffixes_are_refused() {
        let cases = [
            ("5m", "`\"5m\"`"),
            ("500ms", "`\"500ms\"`"),
            ("1h30m", "`\"1h30m\"`"),
            ("1_000ms", "`\"1000ms\"`"),
            ("64k", "`64 * 1024`"),
            ("2MiB", "`2 * 1024 * 1024`"),
            ("1.5h", "`\"1.5h\"`"),
            ("10pct", "remove `pct`"),
            ("\"1h\"x", "remove `x`"),
        ];
        for (text, part) in cases {
            let message = found(text).unwrap();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
