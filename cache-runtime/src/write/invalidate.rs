//! Invalidations: a key that the store does not confirm is pending, and emptied in the background.

use std::{mem, sync::Arc};

use crate::{error::Error, guard::Guard};

/// Empties `key`. If the store does not confirm that, the key is pending.
pub(crate) async fn invalidate(guard: &Arc<Guard>, key: String) -> Result<(), Error> {
    guard.invalidate(key.into()).await
}

/// Empties all of `keys`, each as [`invalidate`] does, whatever becomes of the others.
pub(crate) async fn invalidate_all(guard: &Arc<Guard>, keys: Vec<String>) -> Result<(), Error> {
    let mut all = Ok(());
    let emptied = keys.into_iter().map(|key| invalidate(guard, key));
    guard.each(emptied, |one| all = mem::replace(&mut all, Ok(())).and(one)).await;
    all
}

/// Logs that the store has not confirmed an invalidation, for a caller that is not told: its write is committed.
pub(crate) fn log_unconfirmed(function: &str, confirmed: Result<(), Error>) {
    if let Err(error) = confirmed {
        tracing::warn!(function, %error, "an invalidation has not reached the cache's store yet");
    }
}
