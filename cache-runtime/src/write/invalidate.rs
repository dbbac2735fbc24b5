//! Invalidations: a key that the store does not confirm is pending, and emptied in the background. In a transaction they
//! are fences, which it settles.

use std::{mem, sync::Arc};

use crate::{
    error::Error,
    guard::{Guard, KeyWrite},
    shared::Inner,
    transaction,
};

/// Empties `key`. If the store does not confirm that, the key is pending.
pub(crate) async fn invalidate(
    inner: &Inner,
    guard: &Arc<Guard>,
    key: String,
) -> Result<(), Error> {
    invalidate_all(inner, guard, vec![key]).await
}

/// Empties all of `keys`, each as [`invalidate`] does, whatever becomes of the others.
pub(crate) async fn invalidate_all(
    inner: &Inner,
    guard: &Arc<Guard>,
    keys: Vec<String>,
) -> Result<(), Error> {
    if let Some(scope) = transaction::current()
        && let life = inner.transaction_fence_life
        && let Some(fenced) = scope.fence(guard, keys.iter().cloned(), life).await
    {
        return fenced.confirmed();
    }
    invalidate_keys(guard, keys.into_iter().map(Arc::from).collect()).await
}

/// Empties all of `keys`, whether in a transaction or not.
pub(super) async fn invalidate_keys(guard: &Arc<Guard>, keys: Vec<Arc<str>>) -> Result<(), Error> {
    let mut all = Ok(());
    // Where the call is dropped, those that it has not come to are pending like the others.
    let all_keys: Vec<_> = keys.into_iter().map(|key| guard.invalidation(key)).collect();
    let emptied = all_keys.into_iter().map(KeyWrite::empty);
    guard.each(emptied, |one| all = mem::replace(&mut all, Ok(())).and(one)).await;
    all
}

/// Logs that the store has not confirmed an invalidation, for a caller that is not told: its write is committed.
pub(crate) fn log_unconfirmed(function: &str, confirmed: Result<(), Error>) {
    if let Err(error) = confirmed {
        tracing::warn!(function, %error, "an invalidation has not reached the cache's store yet");
    }
}
