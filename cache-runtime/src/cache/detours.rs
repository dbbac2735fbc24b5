//! One call that goes past the cache, or renews what is in it.

use std::{future::Future, sync::Arc};

use super::Cache;
use crate::detour::{self, Kind};

impl Cache {
    /// Runs `future`, within which reads go past this cache: functions with `#[cached]` run their bodies, and so do
    /// [`get_or_load`](Cache::get_or_load) and its kind; they store nothing, and share nothing with other calls.
    /// [`get`](Cache::get) finds nothing. Writers invalidate as ever.
    ///
    /// It is for a caller that must have what the source says, such as an administrator's view. What `future` spawns is not
    /// within it. Such calls count as bypassed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, cached};
    ///
    /// #[cached(key = "square:<n>", ttl = 60, cache = cache)]
    /// async fn square(cache: &Cache, n: u64) -> u64 { n * n }
    ///
    /// let cache = Cache::in_memory();
    /// square(&cache, 7).await;
    /// cache.bypass(square(&cache, 7)).await; // runs the body
    /// assert_eq!(cache.stats().total().bypassed, 1);
    /// # }
    /// ```
    pub async fn bypass<F: Future>(&self, future: F) -> F::Output {
        detour::within(Arc::as_ptr(&self.inner).addr(), Kind::Bypass, future).await
    }

    /// Runs `future`, within which reads of this cache load, whatever is cached, and store what they have loaded: for a source
    /// that has changed without invalidating.
    ///
    /// What is cached is served to others until then, and stays if the load fails; the rows of a batch are emptied first.
    /// Afterwards no cached value is older than this call: if a write or another load came between, the key is emptied. Cached
    /// functions that the body calls are refreshed too. What `future` spawns is not within it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, cached};
    ///
    /// #[cached(key = "square:<n>", ttl = 60, cache = cache)]
    /// async fn square(cache: &Cache, n: u64) -> u64 { n * n }
    ///
    /// let cache = Cache::in_memory();
    /// square(&cache, 7).await;
    /// cache.refreshing(square(&cache, 7)).await; // runs the body
    /// square(&cache, 7).await; // a hit
    /// let stats = cache.stats().total();
    /// assert_eq!((stats.loads, stats.hits), (2, 1));
    /// # }
    /// ```
    pub async fn refreshing<F: Future>(&self, future: F) -> F::Output {
        detour::within(Arc::as_ptr(&self.inner).addr(), Kind::Refresh, future).await
    }
}
