//! The settings in a URL's query that belong to the cache and not to the store.

use std::time::Duration;

use super::{Builder, url_error::malformed};
use crate::error::Error;

const DEADLINE: &str = "deadline=";
const INCARNATIONS: &str = "incarnations=";

impl Builder {
    /// Moves the settings of the cache from the URL, if it has some, to the builder.
    pub(super) fn take_url_settings(mut self) -> Result<Builder, Error> {
        if self.url.starts_with("memory:") {
            return Ok(self);
        }
        let Some((before, query)) = self.url.split_once('?') else { return Ok(self) };
        let (mut deadlines, mut incarnations, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for setting in query.split('&') {
            match (setting.strip_prefix(DEADLINE), setting.strip_prefix(INCARNATIONS)) {
                (Some(text), _) => deadlines.push(deadline(text)?),
                (_, Some(text)) => incarnations.push(on_or_off(text)?),
                _ => others.push(setting),
            }
        }
        if deadlines.len() > 1 {
            return Err(malformed("`deadline` is set more than once"));
        }
        if incarnations.len() > 1 {
            return Err(malformed("`incarnations` is set more than once"));
        }
        if deadlines.is_empty() && incarnations.is_empty() {
            return Ok(self);
        }
        let mark = if others.is_empty() { "" } else { "?" };
        self.url = format!("{before}{mark}{}", others.join("&"));
        self.deadline = deadlines.pop().unwrap_or(self.deadline);
        self.incarnations = incarnations.pop().unwrap_or(self.incarnations);
        Ok(self)
    }
}

/// The error does not repeat the text: it may be the end of a password.
fn deadline(text: &str) -> Result<Duration, Error> {
    humantime::parse_duration(text).map_err(|_| {
        malformed("its `deadline` is no duration: write `?deadline=250ms` or `?deadline=2s`")
    })
}

/// Nor does this one.
fn on_or_off(text: &str) -> Result<bool, Error> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(malformed("its `incarnations` is neither `on` nor `off`")),
    }
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
    fn incarnations_are_compared_unless_the_builder_or_the_url_says_otherwise() {
        let compared = |builder: Builder, url: &str| {
            let builder = builder.url(url).take_url_settings().expect("it is well-formed");
            (builder.url, builder.incarnations)
        };
        let of = |url: &str, compared| (url.to_owned(), compared);
        let off = || Builder::default().incarnations(false);
        assert_eq!(compared(Builder::default(), "redis://h/1"), of("redis://h/1", true));
        assert_eq!(compared(off(), "redis://h/1"), of("redis://h/1", false));
        assert_eq!(compared(off(), "redis://h/1?incarnations=on"), of("redis://h/1", true));
        let url = "redis://h/1?deadline=1s&incarnations=off";
        assert_eq!(compared(Builder::default(), url), of("redis://h/1", false));
    }

    #[test]
    fn what_is_wrong_is_said_and_not_repeated() {
        for wrong in ["", "fast", "2", "-1s", "s3cret@h"] {
            let error = taken(&format!("redis://h/?deadline={wrong}")).unwrap_err();
            assert!(error.contains("write `?deadline=250ms`"), "{error}");
            assert!(wrong.len() < 3 || !error.contains(wrong), "{error}");
        }
        let error = taken("redis://h/?incarnations=s3cret").unwrap_err();
        assert!(error.contains("neither `on` nor `off`") && !error.contains("s3cret"), "{error}");
        let twice = taken("redis://h/?incarnations=on&incarnations=on").unwrap_err();
        assert!(twice.contains("more than once"), "{twice}");
        let twice = taken("redis://h/?deadline=1s&deadline=2s").unwrap_err();
        assert!(twice.contains("more than once"), "{twice}");
    }
}
