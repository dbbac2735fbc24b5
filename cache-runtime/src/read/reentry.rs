//! Which keys the current task is loading, so that a load that asks for its own key does not wait for itself.
//!
//! Two layers of a service that are cached under one key would otherwise stand still for ever.

use std::{future::Future, sync::Arc};

use crate::guard::Guard;

tokio::task_local! {
    static LOADING: Arc<Loading>;
}

/// A load that is under way, and those that it is part of.
struct Loading {
    /// The address of the store's guard: which cache it is.
    cache: usize,
    key: Arc<str>,
    outer: Option<Arc<Loading>>,
}

/// Runs a load of `key`.
pub(super) async fn loading<F: Future>(guard: &Arc<Guard>, key: &Arc<str>, load: F) -> F::Output {
    let outer = LOADING.try_with(Arc::clone).ok();
    let loading = Loading { cache: address(guard), key: Arc::clone(key), outer };
    LOADING.scope(Arc::new(loading), load).await
}

/// Whether this task is in the middle of a load of `key`.
pub(super) fn is_loading(guard: &Arc<Guard>, key: &str) -> bool {
    let found = LOADING.try_with(|innermost| {
        let mut loads = std::iter::successors(Some(innermost), |load| load.outer.as_ref());
        loads.any(|load| load.cache == address(guard) && *load.key == *key)
    });
    found.unwrap_or(false)
}

fn address(guard: &Arc<Guard>) -> usize {
    Arc::as_ptr(guard).addr()
}
