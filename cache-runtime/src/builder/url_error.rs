//! The errors of a malformed URL. None of them repeats a part of the URL that could be a password.

use crate::error::Error;

/// What a URL has to look like.
pub(super) const EXPECTED: &str = "write `redis://host:6379/0`, `rediss://…`, \
    `redis+unix:///run/redis/redis-server.sock?db=0`, `redis+sentinel://host:26379,host2:26379/name/0`, `redis+cluster://host:6379,host2:6379`, \
    or `memory://?max_bytes=256MiB`";

/// The error of a malformed URL.
pub(super) fn malformed(what: &str) -> Error {
    Error::Config(format!("the cache URL is malformed: {what}; {EXPECTED}"))
}

/// Adds to a configuration error of an address what a URL has to look like.
#[cfg(feature = "redis")]
pub(super) fn in_url(error: Error) -> Error {
    match error {
        Error::Config(what) => malformed(&what),
        error => error,
    }
}

/// An error where a scheme needs TLS and the feature `tls` is off.
#[cfg(feature = "redis")]
pub(super) fn check_tls(scheme: &str) -> Result<(), Error> {
    match matches!(scheme, "rediss" | "valkeys") && !cfg!(feature = "tls") {
        true => {
            Err(Error::Config(format!("`{scheme}://` needs the feature `tls` of cache-runtime")))
        }
        false => Ok(()),
    }
}
