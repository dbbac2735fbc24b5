//! Which keys the current task is loading, so that a load that asks for its own key is answered by the source.
//!
//! Two layers of a service that are cached under one key would otherwise stand still for ever, and so would a
//! batch that loads its rows one by one through the function that it shares its entries with. Nor is such a load given
//! what is cached: it is there to replace that, and would store what has expired as if it were new.

use std::sync::Arc;

use crate::{flight::Caller, guard::Guard};

tokio::task_local! {
    static LOADING: Arc<Loading>;
}

/// A load that is under way, and those that it is part of.
pub(super) struct Loading {
    /// The address of the store's guard: which cache it is.
    cache: usize,
    keys: Keys,
    outer: Option<Arc<Loading>>,
}

/// What is being loaded.
pub(super) enum Keys {
    One(Arc<str>),
    /// Sorted.
    Many(Vec<Arc<str>>),
}

impl Keys {
    /// The keys of a batch.
    pub(super) fn many(mut keys: Vec<Arc<str>>) -> Keys {
        keys.sort_unstable();
        Keys::Many(keys)
    }

    fn contain(&self, key: &str) -> bool {
        match self {
            Keys::One(one) => **one == *key,
            Keys::Many(sorted) => sorted.binary_search_by(|held| (**held).cmp(key)).is_ok(),
        }
    }
}

impl Loading {
    /// A load of `keys` that begins here.
    pub(super) fn new(guard: &Arc<Guard>, keys: Keys) -> Arc<Loading> {
        let outer = LOADING.try_with(Arc::clone).ok();
        Arc::new(Loading { cache: address(guard), keys, outer })
    }

    /// Polls the load.
    pub(super) fn within<T>(self: &Arc<Self>, poll: impl FnOnce() -> T) -> T {
        LOADING.sync_scope(Arc::clone(self), poll)
    }
}

/// Where the call comes from that is made here.
pub(super) fn caller() -> Caller {
    match is_within_load() {
        true => Caller::WithinLoad,
        false => Caller::TopLevel,
    }
}

/// Whether this task is in the middle of a load.
pub(super) fn is_within_load() -> bool {
    LOADING.try_with(|_| ()).is_ok()
}

/// Whether this task is in the middle of a load of `key`.
pub(super) fn is_loading(guard: &Arc<Guard>, key: &str) -> bool {
    let found = LOADING.try_with(|innermost| {
        let mut loads = std::iter::successors(Some(innermost), |load| load.outer.as_ref());
        loads.any(|load| load.cache == address(guard) && load.keys.contain(key))
    });
    found.unwrap_or(false)
}

fn address(guard: &Arc<Guard>) -> usize {
    Arc::as_ptr(guard).addr()
}
