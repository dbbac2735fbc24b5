//! The keys that this process is refreshing in the background, so that it starts only one refresh of a key at a time.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::striped::Striped;

pub(crate) struct ActiveRefreshes {
    shards: Striped<Mutex<HashSet<Arc<str>>>>,
}

/// A refresh under way. Dropping it ends it.
pub(crate) struct ActiveRefresh {
    active: Arc<ActiveRefreshes>,
    key: Arc<str>,
}

impl ActiveRefreshes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(ActiveRefreshes { shards: Striped::new(Mutex::default) })
    }

    /// Begins a refresh of `key`, unless one is under way.
    pub(crate) fn begin(self: &Arc<Self>, key: &str) -> Option<ActiveRefresh> {
        let mut shard = self.shard(key);
        if shard.contains(key) {
            return None;
        }
        let key: Arc<str> = key.into();
        shard.insert(Arc::clone(&key));
        Some(ActiveRefresh { active: Arc::clone(self), key })
    }

    /// No panic can leave a shard half changed, so a poisoned lock is still usable.
    fn shard(&self, key: &str) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.shards.of(key).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ActiveRefresh {
    fn drop(&mut self) {
        self.active.shard(&self.key).remove(&*self.key);
    }
}
