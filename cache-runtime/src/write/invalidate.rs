//! Invalidations: a key that the store does not confirm is pending, and emptied in the background. In a transaction they
//! are fences, which it settles.

use std::sync::Arc;

use crate::{
    error::Error,
    guard::{Guard, KeyWrite},
    shared::Inner,
    transaction::{self, Fenced, Scope},
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
    if let Some((_, fenced)) = fence_in_transaction(inner, guard, &keys).await {
        return fenced.confirmed();
    }
    invalidate_keys(guard, keys.into_iter().map(Arc::from).collect()).await
}

/// Fences `keys` for the transaction that the caller is in. None where it is in none, or in one that is over.
pub(super) async fn fence_in_transaction(
    inner: &Inner,
    guard: &Arc<Guard>,
    keys: &[String],
) -> Option<(Arc<Scope>, Fenced)> {
    let scope = transaction::current()?;
    let life = inner.transaction_fence_life;
    let fenced = scope.fence(guard, keys.iter().cloned(), life).await?;
    Some((scope, fenced))
}

/// Empties all of `keys`, whether in a transaction or not.
pub(super) async fn invalidate_keys(guard: &Arc<Guard>, keys: Vec<Arc<str>>) -> Result<(), Error> {
    // Where the call is dropped, those that it has not come to are pending like the others.
    let invalidations: Vec<_> = keys.into_iter().map(|key| guard.invalidation(key)).collect();
    guard.all(invalidations.into_iter().map(KeyWrite::empty)).await
}
