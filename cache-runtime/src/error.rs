//! The error of the direct operations on a cache.

use std::fmt;

/// An error of the cache itself.
///
/// The direct operations ([`Cache::get`](crate::Cache::get), [`Cache::put`](crate::Cache::put), …), write-behind queues
/// and the builder return it. Cached functions and functions that invalidate never return it: where the cache fails,
/// they run their body.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The configuration is wrong, and a retry cannot help: a malformed URL, an unusable namespace, a
    /// second global cache.
    Config(String),
    /// The store did not answer within the deadline, is not connected (yet), or replied that it serves nobody now (for
    /// example because it is loading its data); or the circuit breaker is open.
    Unavailable(String),
    /// The store answered and refused: it is full, is a read-only replica, or does not permit the command.
    Refused(String),
    /// The value cannot be encoded or decoded.
    Codec(String),
    /// A [transaction](crate::transaction()) is under way, in which this cannot be done since it cannot be rolled back:
    /// to [`put`](crate::Cache::try_put) a value, or to queue a write.
    Transaction(String),
    /// The write-behind queue was full and stayed full: its flusher does not keep up, or there is none.
    Full(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(what) => write!(f, "the cache is misconfigured: {what}"),
            Error::Unavailable(what) => write!(f, "the cache's store is unavailable: {what}"),
            Error::Refused(what) => write!(f, "the cache's store refused: {what}"),
            Error::Codec(what) => write!(f, "the value cannot be encoded or decoded: {what}"),
            Error::Transaction(what) => write!(f, "refused within a transaction: {what}"),
            Error::Full(what) => write!(f, "the write-behind queue is full: {what}"),
        }
    }
}

impl std::error::Error for Error {}
