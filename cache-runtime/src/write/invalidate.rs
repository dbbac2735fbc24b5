//! Invalidations: a key that the store does not confirm is pending, and emptied in the background.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::{error::Error, guard::Guard};

/// Empties `key`, or sees to it that it will be.
pub(crate) async fn invalidate(guard: &Arc<Guard>, key: String) -> Result<(), Error> {
    guard.invalidate(key.into()).await
}

/// Empties all of `keys` at once, or sees to it that they will be: one that fails keeps none from being told.
pub(crate) async fn invalidate_all(guard: &Arc<Guard>, keys: Vec<String>) -> Result<(), Error> {
    let emptied = join_all(keys.into_iter().map(|key| invalidate(guard, key))).await;
    emptied.into_iter().collect()
}
