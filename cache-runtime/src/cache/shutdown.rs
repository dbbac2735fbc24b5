//! The end of a process: what the store has not confirmed should reach it first.

use std::time::Duration;

use super::Cache;
use crate::error::Error;

impl Cache {
    /// Waits until the store has confirmed every invalidation of this process, for as long as `patience`.
    ///
    /// Call it before the process ends, when nothing writes any more. What is still owed then is lost with the
    /// process, and others may serve the old values until their ttl ends them. It returns at once where nothing is owed.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where some are left, with their number.
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
                "{left} invalidations have not been confirmed within {patience:?}"
            ))
        })
    }
}
