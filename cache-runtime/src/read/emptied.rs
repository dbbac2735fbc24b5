//! Keys under which a call that refreshes leaves no older value. What the store does not confirm is pending.

use std::sync::Arc;

use super::detached;
use crate::{
    guard::{Guard, KeyWrite},
    telemetry::log_unconfirmed,
};

/// Empties a key whose new value could not be stored.
#[cold]
pub(super) fn empty(guard: &Arc<Guard>, key: String) {
    // From now on this process does not use what is there.
    let invalidation = guard.invalidation(key.into());
    detached::spawn(Box::pin(async move {
        log_unconfirmed("refreshing", invalidation.empty().await);
    }));
}

/// Empties keys that are to be loaded anew.
pub(super) async fn empty_all(guard: &Arc<Guard>, keys: &[String]) {
    let emptied: Vec<_> = keys.iter().map(|key| guard.invalidation(key.as_str().into())).collect();
    log_unconfirmed("refreshing", guard.all(emptied.into_iter().map(KeyWrite::empty)).await);
}
