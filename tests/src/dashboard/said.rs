//! Numbers as the page writes them, read back.

use serde_json::Value;

/// The number in a text, whatever unit comes after it; a duration in microseconds, and bytes in bytes.
fn read(text: &str) -> f64 {
    let end =
        text.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(text.len());
    let number = text[..end].replace(',', "");
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("`{text}` is no number"));
    match text[end..].trim() {
        "KB" | "ms" => number * 1e3,
        "MB" | "s" => number * 1e6,
        "" | "%" | "µs" | "B" => number,
        unit => panic!("`{unit}` of `{text}`"),
    }
}

pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

pub(super) fn sum(of: &Value, keys: &[&str]) -> f64 {
    keys.iter().map(|key| number(&of[*key])).sum()
}

/// As the page writes it: `1,204`.
pub(super) fn whole(n: f64) -> String {
    let digits = format!("{n:.0}");
    let groups = digits.as_bytes().rchunks(3).rev();
    groups.map(|group| std::str::from_utf8(group).unwrap_or_default()).collect::<Vec<_>>().join(",")
}

/// `text` is `value` as near as its digits can say it, or a dash where there is none.
pub(super) fn assert_says(what: &str, text: &str, value: Option<f64>, within: f64) {
    match value {
        None => assert_eq!(text, "–", "{what}"),
        Some(value) => {
            let off = (read(text) - value).abs();
            assert!(off <= within + 1e-9, "{what}: `{text}` is said of {value}");
        }
    }
}

/// The calls of a function, or of all, that the store answered, and all of them.
pub(super) fn calls(f: &Value) -> [f64; 2] {
    let answered = sum(f, &["hits", "negative_hits", "stale_hits"]);
    [answered, answered + number(&f["misses"])]
}

pub(super) fn hundredth(value: Option<f64>) -> f64 {
    value.unwrap_or(0.0) / 100.0
}

/// Rates of ten calls a second and more are said in whole ones.
pub(super) fn digits(rate: f64) -> f64 {
    if rate < 9.95 { 0.05 } else { 0.5 }
}
