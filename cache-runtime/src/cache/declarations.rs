//! Whether the functions that use a cache fit together.

use super::Cache;
use crate::declared::Mismatches;

impl Cache {
    /// Whether the functions that were called on this cache fit together: those with an attribute, and calls without one. It is
    /// for a test that has called each of them once.
    ///
    /// A function says what it is at its first call: its keys, tags and version, and the type of its values. These mistakes
    /// are found, and all but the first are logged as well, once, when the second function is called:
    ///
    /// - A writer of a key or tag that no reader has.
    /// - A writer whose version is not that of the readers of its key: it invalidates nothing.
    /// - A reader, a write-through or a queue that names other tags than another reader of the key: none of them finds what
    ///   another one has stored.
    /// - Two functions with one key and values of two types, where no fingerprint tells them apart. From then on, each of them
    ///   has entries of its own.
    ///
    /// # Errors
    ///
    /// [`Mismatches`], with a sentence for each.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, cached, invalidates};
    ///
    /// #[cached(key = "user:<id>", ttl = 3600, version = 2)]
    /// async fn find(id: u64) -> String { format!("user {id}") }
    ///
    /// #[invalidates("user:<id>")] // lacks `version = 2`
    /// async fn delete(id: u64) {}
    ///
    /// let cache = Cache::in_memory();
    /// cache.scope(async { find(1).await; delete(1).await }).await;
    /// let mismatches = cache.check().unwrap_err();
    /// assert!(mismatches.to_string().contains("write `version = 2`"));
    /// # }
    /// ```
    pub fn check(&self) -> Result<(), Mismatches> {
        self.inner.declared.check()
    }
}
