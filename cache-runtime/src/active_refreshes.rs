//! Which keys this process is renewing in the background, so that it does not set out twice for one.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::striped::Striped;

pub(crate) struct ActiveRefreshes {
    shards: Striped<Mutex<HashSet<Arc<str>>>>,
}

/// One renewal that is under way. Dropping it ends it.
pub(crate) struct ActiveRefresh {
    active: Arc<ActiveRefreshes>,
    key: Arc<str>,
}

impl ActiveRefreshes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(ActiveRefreshes { shards: Striped::new(Mutex::default) })
    }

    /// Begins to renew `key`, unless somebody is at it.
    pub(crate) fn begin(self: &Arc<Self>, key: &str) -> Option<ActiveRefresh> {
        let mut shard = self.shard(key);
        if shard.contains(key) {
            return None;
        }
        let key: Arc<str> = key.into();
        shard.insert(Arc::clone(&key));
        Some(ActiveRefresh { active: Arc::clone(self), key })
    }

    /// No panic can leave a shard half changed, so a poisoned one is as good.
    fn shard(&self, key: &str) -> MutexGuard<'_, HashSet<Arc<str>>> {
        self.shards.of(key).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ActiveRefresh {
    fn drop(&mut self) {
        self.active.shard(&self.key).remove(&*self.key);
    }
}
