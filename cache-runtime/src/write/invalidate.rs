//! Invalidations: a key that the store does not confirm is pending, and emptied in the background.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::{error::Error, guard::Guard};

/// Empties `key`. If the store does not confirm that, the key is pending.
pub(crate) async fn invalidate(guard: &Arc<Guard>, key: String) -> Result<(), Error> {
    guard.invalidate(key.into()).await
}

/// Empties all of `keys` at once, each as [`invalidate`] does, whatever becomes of the others.
pub(crate) async fn invalidate_all(guard: &Arc<Guard>, keys: Vec<String>) -> Result<(), Error> {
    let emptied = join_all(keys.into_iter().map(|key| invalidate(guard, key))).await;
    emptied.into_iter().collect()
}
