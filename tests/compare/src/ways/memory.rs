//! `moka` and `quick_cache`: decoded values in the process's memory.

use std::{sync::Arc, time::Duration};

use super::TTL;
use crate::{
    source::{Failure, Source},
    value::User,
};

/// How many values there may be.
const CAPACITY: usize = 100_000;

pub(super) struct Memory {
    moka: moka::future::Cache<String, Arc<User>>,
    quick: quick_cache::sync::Cache<String, Arc<User>>,
}

impl Memory {
    pub(super) fn new() -> Memory {
        let moka = moka::future::Cache::builder().max_capacity(CAPACITY as u64);
        Memory {
            moka: moka.time_to_live(Duration::from_secs(TTL)).build(),
            // It has no ttl.
            quick: quick_cache::sync::Cache::new(CAPACITY),
        }
    }

    pub(super) async fn find_by_moka(&self, id: u64, source: Source) -> Result<Arc<User>, Failure> {
        let key = format!("user:{id}");
        if let Some(user) = self.moka.get(key.as_str()).await {
            return Ok(user);
        }
        let load = async { source.load(id).await.map(Arc::new) };
        self.moka.try_get_with(key, load).await.map_err(|e| Failure::clone(&e))
    }

    pub(super) async fn forget_by_moka(&self, id: u64) {
        self.moka.invalidate(format!("user:{id}").as_str()).await;
    }

    pub(super) async fn find_quickly(&self, id: u64, source: Source) -> Result<Arc<User>, Failure> {
        let key = format!("user:{id}");
        if let Some(user) = self.quick.get(key.as_str()) {
            return Ok(user);
        }
        let load = async { source.load(id).await.map(Arc::new) };
        self.quick.get_or_insert_async(key.as_str(), load).await
    }

    pub(super) fn forget_quickly(&self, id: u64) {
        self.quick.remove(format!("user:{id}").as_str());
    }
}
