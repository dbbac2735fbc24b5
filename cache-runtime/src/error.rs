//! What can go wrong in a call that asks the cache for something directly.

use std::fmt;

/// An error of the cache itself.
///
/// Cached functions and those that invalidate never return it: there, a failing cache means a call of the
/// function. It is what the direct operations ([`Cache::get`](crate::Cache::get),
/// [`Cache::put`](crate::Cache::put), …), writes that are written behind, and the builder return.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The configuration is wrong, and no retry can mend it: a malformed URL, an unusable namespace, a
    /// second global cache.
    Config(String),
    /// The store did not answer within the deadline, is not connected (yet), says that it is not ready to serve
    /// anyone (it is loading its data, say), or is left alone because it has failed several times in a row.
    Unavailable(String),
    /// The store answered, and refused: it is full, a read-only replica, or does not permit the command.
    Refused(String),
    /// The value cannot be written or read in the codec.
    Codec(String),
    /// The queue of writes to be written behind is full, and stayed so: its flusher does not keep up, or there
    /// is none.
    Full(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(what) => write!(f, "the cache is not configured right: {what}"),
            Error::Unavailable(what) => write!(f, "the cache's store is unavailable: {what}"),
            Error::Refused(what) => write!(f, "the cache's store refused: {what}"),
            Error::Codec(what) => write!(f, "the value does not fit the cache's codec: {what}"),
            Error::Full(what) => write!(f, "the write-behind queue is full: {what}"),
        }
    }
}

impl std::error::Error for Error {}
