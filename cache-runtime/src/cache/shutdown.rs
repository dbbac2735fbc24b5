//! The end of a process, which should wait until the store has confirmed all invalidations.

use std::time::Duration;

use super::Cache;
use crate::error::Error;

impl Cache {
    /// Waits until the store has confirmed every invalidation of this process, but no longer than `patience`.
    ///
    /// Call it before the process ends, when it no longer writes. An invalidation that is still pending then is lost with
    /// the process, and other processes may serve the old value until its ttl ends. Returns at once where none is pending.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] with the number of invalidations that are still pending.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// use std::time::Duration;
    ///
    /// if let Err(error) = cache.drain(Duration::from_secs(5)).await {
    ///     eprintln!("{error}");
    /// }
    /// # }
    /// ```
    pub async fn drain(&self, patience: Duration) -> Result<(), Error> {
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        guard.settled(patience).await.map_err(|left| {
            Error::Unavailable(format!(
                "the store has not confirmed {left} invalidations within {patience:?}"
            ))
        })
    }
}
