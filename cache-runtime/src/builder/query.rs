//! The settings in a URL's query that belong to the cache and not to the store.

use std::time::Duration;

use super::{Builder, url_error::malformed};
use crate::error::Error;

const DEADLINE: &str = "deadline=";

impl Builder {
    /// Moves the deadline from the URL, if it has one, to the builder.
    pub(super) fn take_url_settings(mut self) -> Result<Builder, Error> {
        if self.url.starts_with("memory:") {
            return Ok(self);
        }
        let Some((before, query)) = self.url.split_once('?') else { return Ok(self) };
        let (ours, others): (Vec<_>, Vec<_>) =
            query.split('&').partition(|setting| setting.starts_with(DEADLINE));
        let deadline = match ours[..] {
            [] => return Ok(self),
            [setting] => deadline(&setting[DEADLINE.len()..])?,
            _ => return Err(malformed("`deadline` is set more than once")),
        };
        let mark = if others.is_empty() { "" } else { "?" };
        self.url = format!("{before}{mark}{}", others.join("&"));
        Ok(self.deadline(deadline))
    }
}

/// The error does not repeat the text: it may be the end of a password.
fn deadline(text: &str) -> Result<Duration, Error> {
    humantime::parse_duration(text).map_err(|_| {
        malformed("its `deadline` is no duration: write `?deadline=250ms` or `?deadline=2s`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(url: &str) -> Result<(String, Duration), String> {
        let builder =
            Builder::default().deadline(Duration::from_secs(9)).url(url).take_url_settings();
        builder.map(|builder| (builder.url, builder.deadline)).map_err(|error| error.to_string())
    }

    #[test]
    fn the_deadline_is_taken_and_the_rest_is_left() {
        let parsed = |url: &str| taken(url).expect("it is well-formed");
        let of = |url: &str, deadline| (url.to_owned(), deadline);
        let quarter = Duration::from_millis(250);
        assert_eq!(parsed("redis://h/1?deadline=250ms"), of("redis://h/1", quarter));
        assert_eq!(
            parsed("redis+sentinel://h/m?sentinel_user=u&deadline=250ms&sentinel_password=%26"),
            of("redis+sentinel://h/m?sentinel_user=u&sentinel_password=%26", quarter)
        );
        for untouched in ["redis://h/1", "redis://h/?deadlines=1s", "memory://?deadline=1s"] {
            assert_eq!(parsed(untouched), of(untouched, Duration::from_secs(9)));
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_not_repeated() {
        for wrong in ["", "fast", "2", "-1s", "s3cret@h"] {
            let error = taken(&format!("redis://h/?deadline={wrong}")).unwrap_err();
            assert!(error.contains("write `?deadline=250ms`"), "{error}");
            assert!(wrong.len() < 3 || !error.contains(wrong), "{error}");
        }
        let twice = taken("redis://h/?deadline=1s&deadline=2s").unwrap_err();
        assert!(twice.contains("more than once"), "{twice}");
    }
}
