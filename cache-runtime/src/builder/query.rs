//! The settings in a URL's query that belong to the cache and not to the store.

use std::time::Duration;

use super::{Builder, memory::bytes, url_error::malformed};
use crate::error::Error;

impl Builder {
    /// Moves the settings of the cache from the URL, if it has some, to the builder.
    pub(super) fn take_url_settings(mut self) -> Result<Builder, Error> {
        let is_memory = self.url.starts_with("memory:");
        let url = std::mem::take(&mut self.url);
        let Some((before, query)) = url.split_once('?') else {
            self.url = url;
            return Ok(self);
        };
        let (mut taken, mut others) = (Vec::new(), Vec::new());
        for setting in query.split('&') {
            let (name, text) = setting.split_once('=').unwrap_or((setting, ""));
            if !self.set(name, text, is_memory)? {
                others.push(setting);
            } else if taken.contains(&name) {
                return Err(malformed(&format!("`{name}` is set more than once")));
            } else {
                taken.push(name);
            }
        }
        self.url = match taken.is_empty() {
            true => url,
            false => {
                let mark = if others.is_empty() { "" } else { "?" };
                format!("{before}{mark}{}", others.join("&"))
            }
        };
        Ok(self)
    }

    /// Sets one of these settings. False where it is none of them. Most are of servers.
    fn set(&mut self, name: &str, text: &str, is_memory: bool) -> Result<bool, Error> {
        match name {
            "log_keys" => self.log_keys = on_or_off(text, "log_keys")?,
            _ if is_memory => return Ok(false),
            "deadline" => self.deadline = duration(text, "deadline", "250ms")?,
            "incarnations" => self.incarnations = on_or_off(text, "incarnations")?,
            "local" => self.local.enabled = on_or_off(text, "local")?,
            "local_strict" => self.local.strict = on_or_off(text, "local_strict")?,
            "local_lease" => self.local.lease = duration(text, "local_lease", "200ms")?,
            "local_capacity" => {
                self.local.capacity = bytes(text).ok_or_else(|| {
                    malformed(
                        "its `local_capacity` is no number of bytes: write `?local_capacity=64MiB`",
                    )
                })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The error does not repeat the text: it may be the end of a password.
fn duration(text: &str, name: &str, example: &str) -> Result<Duration, Error> {
    humantime::parse_duration(text).map_err(|_| {
        malformed(&format!(
            "its `{name}` is no duration: write `?{name}={example}` or `?{name}=2s`"
        ))
    })
}

/// Nor does this one.
fn on_or_off(text: &str, name: &str) -> Result<bool, Error> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(malformed(&format!("its `{name}` is neither `on` nor `off`"))),
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
    fn keys_are_logged_if_the_builder_or_any_url_says_so() {
        let logs = |builder: Builder, url: &str| {
            let builder = builder.url(url).take_url_settings().expect("it is well-formed");
            (builder.url, builder.log_keys)
        };
        let of = |url: &str, logs| (url.to_owned(), logs);
        assert_eq!(logs(Builder::default(), "redis://h/1"), of("redis://h/1", false));
        let on = || Builder::default().log_keys(true);
        assert_eq!(logs(on(), "redis://h/1"), of("redis://h/1", true));
        for (url, left) in [
            ("redis://h/1?log_keys=on", "redis://h/1"),
            ("redis+unix:///run/redis.sock?log_keys=on&db=1", "redis+unix:///run/redis.sock?db=1"),
            ("memory://?log_keys=on", "memory://"),
            ("memory://?max_bytes=1MiB&log_keys=on", "memory://?max_bytes=1MiB"),
        ] {
            assert_eq!(logs(Builder::default(), url), of(left, true));
            assert_eq!(logs(on(), &url.replace("=on", "=off")), of(left, false));
        }
        let error = taken("memory://?log_keys=s3cret").unwrap_err();
        assert!(error.contains("`log_keys` is neither") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn the_settings_of_copies_are_taken() {
        let url = "redis://h/1?local=off&local_lease=1s&local_capacity=1MiB&local_strict=on";
        let builder = Builder::default().url(url).take_url_settings().expect("it is well-formed");
        assert_eq!(builder.url, "redis://h/1");
        let local = builder.local;
        assert_eq!((local.enabled, local.strict), (false, true));
        assert_eq!((local.lease, local.capacity), (Duration::from_secs(1), 1 << 20));
        for (wrong, said) in [
            ("local=no", "neither `on` nor `off`"),
            ("local_strict=", "neither `on` nor `off`"),
            ("local_lease=200", "write `?local_lease=200ms`"),
            ("local_capacity=many", "write `?local_capacity=64MiB`"),
        ] {
            let error = taken(&format!("redis://h/?{wrong}")).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
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
