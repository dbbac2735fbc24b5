//! What a cache's store has been asked, and how it is.

use std::{
    sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::Serialize;

use super::{
    counter::Counter,
    histogram::{Latency, Timer},
};

/// What the store of one cache has done, and how it is, as this process sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreStats {
    /// Which store: `memory`, `redis`, `sentinel`, `cluster`, or `disabled`.
    pub kind: String,
    /// Whether operations are let through to it.
    pub breaker: Breaker,
    /// Operations that it was asked for: commands of the server. What is asked of several keys at once is one
    /// operation if it only looks, and otherwise one for each key. Those of a flusher, which has a connection of its
    /// own, are not among them, nor what is said when a connection begins, nor a command that is told again because
    /// the connection was lost.
    pub operations: u64,
    /// Those of them that failed or came too late.
    pub failures: u64,
    /// Operations that were not tried, since the breaker was open or too many were waiting.
    pub rejected: u64,
    /// How often the breaker has opened.
    pub opened: u64,
    /// How long the store took to answer, failures among them. What goes out together is one. The embedded store is
    /// not timed: it takes a lock and a look-up.
    pub time: Latency,
    /// Bytes of values that were read: as they are encoded and compressed, without keys and headers.
    pub bytes_read: u64,
    /// Bytes of values that were to be written, likewise.
    pub bytes_written: u64,
    /// Invalidations that have not reached the store yet, and are told again.
    pub pending_invalidations: u64,
    /// Invalidations that were given up.
    pub dropped_invalidations: u64,
}

/// Whether a circuit breaker lets operations through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// It does.
    #[default]
    Closed,
    /// It does not: the store has failed too often.
    Open,
    /// It lets one through, to see whether the store is back.
    HalfOpen,
}

/// What a store can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    ReadMany,
    Acquire,
    Take,
    Stamp,
    Fill,
    Renew,
    Release,
    Discard,
    Fence,
    Settle,
    Delete,
    /// Several of these at once.
    Steps,
    /// Something about a queue of values that are written behind.
    Queue,
}

/// The live counters of a cache's store.
#[derive(Debug, Default)]
pub(crate) struct StoreCounters {
    breaker: AtomicU8,
    pub(crate) operations: Counter,
    pub(crate) failures: Counter,
    pub(crate) rejected: Counter,
    pub(crate) opened: Counter,
    time: Timer,
    pub(crate) bytes_read: Counter,
    pub(crate) bytes_written: Counter,
    pending_invalidations: AtomicU64,
    pub(crate) dropped_invalidations: Counter,
}

impl StoreCounters {
    /// The breaker has changed.
    pub(crate) fn breaker(&self, breaker: Breaker) {
        self.breaker.store(breaker as u8, Relaxed);
    }

    /// So many invalidations have not reached the store yet.
    pub(crate) fn pending_invalidations(&self, pending: u64) {
        self.pending_invalidations.store(pending, Relaxed);
    }

    /// The store took so long to answer, or was waited for so long in vain.
    pub(crate) fn answered(&self, _operation: Operation, time: Duration, _succeeded: bool) {
        self.time.record(time);
    }

    pub(crate) fn snapshot(&self, kind: &str) -> StoreStats {
        StoreStats {
            kind: kind.to_owned(),
            breaker: match self.breaker.load(Relaxed) {
                0 => Breaker::Closed,
                1 => Breaker::Open,
                _ => Breaker::HalfOpen,
            },
            operations: self.operations.get(),
            failures: self.failures.get(),
            rejected: self.rejected.get(),
            opened: self.opened.get(),
            time: self.time.snapshot(),
            bytes_read: self.bytes_read.get(),
            bytes_written: self.bytes_written.get(),
            pending_invalidations: self.pending_invalidations.load(Relaxed),
            dropped_invalidations: self.dropped_invalidations.get(),
        }
    }
}
