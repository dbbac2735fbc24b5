//! The log of failures to connect: a failure is logged when it begins, changes or ends, and not at each attempt.

use std::{
    fmt::Debug,
    sync::{Mutex, PoisonError},
};

use redis::RedisError;

/// The last failure, while there is one.
#[derive(Default)]
pub(super) struct FailureLog(Mutex<Option<String>>);

impl FailureLog {
    /// An attempt to connect to `address` has failed.
    pub(super) fn failed(&self, address: &impl Debug, error: &RedisError) {
        let text = error.to_string();
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() == Some(&text) {
            tracing::debug!(?address, %error, "still cannot connect to the cache's server");
        } else {
            tracing::warn!(?address, %error, "cannot connect to the cache's server");
            *last = Some(text);
        }
    }

    /// An attempt has succeeded.
    pub(super) fn over(&self, address: &impl Debug) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.take().is_some() {
            tracing::info!(?address, "connected to the cache's server again");
        }
    }
}
