//! Steps that end a write and must not be lost: what does not get through is told again in the background.

use std::sync::Arc;

use futures_util::future::join_all;

use crate::{entry::Entry, error::Error, guard::Guard, protocol::Step, redelivery};

/// Takes a step that must not be lost.
pub(super) async fn deliver(
    guard: &Arc<Guard>,
    key: &Arc<str>,
    step: Step<Entry>,
) -> Result<(), Error> {
    let delivered = guard.deliver(key, step).await;
    if delivered.is_err() {
        redelivery::retry(guard, key);
    }
    delivered
}

/// Empties `key`, or sees to it that it will be.
pub(crate) async fn invalidate(guard: &Arc<Guard>, key: String) -> Result<(), Error> {
    deliver(guard, &key.into(), Step::Delete).await
}

/// Empties all of `keys` at once, or sees to it that they will be: one that fails keeps none from being told.
pub(crate) async fn invalidate_all(guard: &Arc<Guard>, keys: Vec<String>) -> Result<(), Error> {
    let emptied = join_all(keys.into_iter().map(|key| invalidate(guard, key))).await;
    emptied.into_iter().collect()
}
