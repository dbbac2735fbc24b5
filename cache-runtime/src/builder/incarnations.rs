//! Whether a server's past is believed.

use super::Builder;
#[cfg(feature = "redis")]
use crate::key;

impl Builder {
    /// Whether the cache compares the incarnations of its servers: `true` by default. `?incarnations=off` in a URL overrides
    /// it.
    ///
    /// A server that comes back with an old snapshot, and a replica that is promoted, may hold entries whose invalidation
    /// they have not heard of. So the cache does not use what a server stored before it was last started or promoted. It
    /// learns from `INFO replication` (the ACL right `+info`) which history of writes a server has: with each connection, and
    /// once a second over each connection that was used within the last minute. Where a server does not tell, one warning is
    /// logged, and everything is used.
    ///
    /// Switch it off, in all processes that share the servers,
    ///
    /// - where a proxy spreads the commands of one connection over several servers;
    /// - where a restart must not empty the cache, and cannot lose a confirmed write: a single server with `appendonly yes`
    ///   and `appendfsync always`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// let cache = cache_runtime::Cache::builder()
    ///     .url("redis://127.0.0.1:6379")
    ///     .incarnations(false)
    ///     .build()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn incarnations(mut self, compare: bool) -> Self {
        self.incarnations = compare;
        self
    }

    /// How a store is to connect.
    #[cfg(feature = "redis")]
    pub(super) fn to_connect(&self) -> crate::store::redis::Connections {
        crate::store::redis::Connections {
            number: self.connections,
            compare_incarnations: self.incarnations,
            local: self.local.settings(self.deadline),
            agreement_key: key::stored_agreement(self.namespace.as_deref()).into(),
        }
    }
}
