//! The settings of the embedded store, in the query of its URL.

use url::Url;

use crate::{error::Error, store::memory::Limits};

/// Reads `?max_bytes=…` and `?capacity=…`.
pub(super) fn limits(url: &Url) -> Result<Limits, Error> {
    let mut limits = Limits::DEFAULT;
    for (name, value) in url.query_pairs() {
        match &*name {
            "max_bytes" => limits.max_bytes = max_bytes(&value)?,
            "capacity" => limits.max_values = Some(max_values(&value)?),
            other => {
                let what = format!(
                    "`memory://` has no setting `{other}`; it has `max_bytes`, `capacity` and `log_keys`"
                );
                return Err(Error::Config(what));
            }
        }
    }
    Ok(limits)
}

/// A number of bytes, with or without a unit.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

fn max_bytes(text: &str) -> Result<u64, Error> {
    match bytes(text) {
        Some(bytes) if bytes >= Limits::LEAST_BYTES => Ok(bytes),
        Some(_) => Err(Error::Config(format!(
            "`max_bytes={text}` leaves room for next to nothing: write `max_bytes=64KiB` or more, or \
             `Cache::disabled()` to keep nothing"
        ))),
        None => Err(Error::Config(format!(
            "`max_bytes={text}` is not a number of bytes: write `max_bytes=268435456` or `max_bytes=256MiB` \
             (`KiB`, `MiB`, `GiB`)"
        ))),
    }
}

fn max_values(text: &str) -> Result<u64, Error> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| {
        Error::Config(format!("`capacity={text}` is not a number of values above zero"))
    })
}

/// What `Debug` says of such a store.
pub(super) fn description(limits: Limits) -> String {
    let Limits { max_bytes, max_values } = limits;
    match max_values {
        Some(values) => format!("memory, {max_bytes} bytes, {values} values"),
        None => format!("memory, {max_bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Limits, String> {
        let url = Url::parse(&format!("memory://{query}")).expect("a URL");
        limits(&url).map_err(|error| error.to_string())
    }

    #[test]
    fn both_bounds_are_read_and_the_default_is_one_of_bytes() {
        let limits = |max_bytes, max_values| Ok(Limits { max_bytes, max_values });
        assert_eq!(read(""), limits(256 << 20, None));
        assert_eq!(read("?max_bytes=100000"), limits(100_000, None));
        assert_eq!(read("?max_bytes=64KiB"), limits(64 << 10, None));
        assert_eq!(read("?max_bytes=3MiB&capacity=7"), limits(3 << 20, Some(7)));
        assert_eq!(read("?capacity=7&max_bytes=1GiB"), limits(1 << 30, Some(7)));
    }

    #[test]
    fn a_bound_that_is_none_is_refused_with_what_to_write() {
        for wrong in ["", "many", "-1", "1.5MiB", "256MB", "256mib", "MiB", "99999999999GiB"] {
            let error = read(&format!("?max_bytes={wrong}")).unwrap_err();
            assert!(error.contains("write `max_bytes=268435456`"), "{error}");
        }
        for little in ["0", "1", "63KiB"] {
            let error = read(&format!("?max_bytes={little}")).unwrap_err();
            assert!(error.contains("write `max_bytes=64KiB` or more"), "{error}");
        }
        assert!(read("?capacity=0").unwrap_err().contains("above zero"));
        assert!(read("?size=1").unwrap_err().contains("it has `max_bytes`, `capacity` and"));
    }
}
