//! Numbers and durations for people, and durations for JSON.

use std::time::Duration;

use serde::Serializer;

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number and its noun: `1 query`, `2 queries`.
pub(crate) fn queries(number: u64) -> String {
    let noun = if number == 1 { "query" } else { "queries" };
    format!("{} {noun}", grouped(number))
}

/// Three digits and a unit: `85.1 µs`, `1.23 ms`, `12.3 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        1.0.. => (seconds, "s"),
        0.001.. => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "µs"),
    };
    let decimals = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

/// A bar for each of these parts of one: `▁▄█`.
pub(crate) fn bars(parts: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |part: &f64| BARS[(part.clamp(0.0, 1.0) * 7.0).round() as usize];
    parts.iter().map(bar).collect()
}

/// Seconds, as a number.
pub(crate) fn seconds<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{bars, duration, grouped, queries};

    #[test]
    fn digits_stand_in_threes() {
        let numbers = [0, 999, 1_000, 12_345, 123_456, 1_234_567].map(grouped);
        assert_eq!(numbers, ["0", "999", "1,000", "12,345", "123,456", "1,234,567"]);
    }

    #[test]
    fn one_query_is_singular() {
        assert_eq!([0, 1, 1_000].map(queries), ["0 queries", "1 query", "1,000 queries"]);
    }

    #[test]
    fn a_bar_is_as_high_as_its_part() {
        assert_eq!(bars(&[0.0, 0.5, 0.95, 1.0]), "▁▅██");
        assert_eq!(bars(&[-1.0, 2.0]), "▁█");
    }

    #[test]
    fn durations_keep_three_digits() {
        let micros = [0, 7, 85, 1_234, 250_000, 12_345_678];
        assert_eq!(
            micros.map(|micros| duration(Duration::from_micros(micros))),
            ["0.00 µs", "7.00 µs", "85.0 µs", "1.23 ms", "250 ms", "12.3 s"]
        );
    }
}
