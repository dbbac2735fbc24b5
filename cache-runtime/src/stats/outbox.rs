//! The statistics of the outboxes that a process follows.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::Serialize;

use super::histogram::{Latency, Timer};

/// The statistics of one [outbox](crate::outbox), as the followers of this process see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OutboxStats {
    /// The name that [`Cache::follow`](crate::Cache::follow) was given.
    pub name: String,
    /// Changes that were invalidated, and have left the outbox.
    pub invalidated: u64,
    /// How often the followers have failed: the outbox did not answer, or the store has not confirmed an invalidation.
    pub failures: u64,
    /// The number of changes in the outbox, those included that followers of any process have taken. Asked for every second.
    pub backlog: u64,
    /// The age of the oldest change in the outbox in milliseconds, when it was last asked for; zero where there is none.
    pub oldest_ms: u64,
    /// How long after it was recorded each change had left the outbox.
    pub lag: Latency,
}

/// The live counters of the followers of one outbox.
#[derive(Debug, Default)]
pub(crate) struct OutboxCounters {
    invalidated: AtomicU64,
    failures: AtomicU64,
    backlog: AtomicU64,
    oldest_ms: AtomicU64,
    lag: Timer,
}

impl OutboxCounters {
    /// Counts a change that has left the outbox, so long after it was recorded.
    pub(crate) fn invalidated(&self, lag: Duration) {
        self.invalidated.fetch_add(1, Relaxed);
        self.lag.record(lag);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Relaxed);
    }

    /// Sets what the outbox holds.
    pub(crate) fn measured(&self, backlog: u64, oldest: Duration) {
        self.backlog.store(backlog, Relaxed);
        self.oldest_ms.store(u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn snapshot(&self, name: &str) -> OutboxStats {
        OutboxStats {
            name: name.to_owned(),
            invalidated: self.invalidated.load(Relaxed),
            failures: self.failures.load(Relaxed),
            backlog: self.backlog.load(Relaxed),
            oldest_ms: self.oldest_ms.load(Relaxed),
            lag: self.lag.snapshot(),
        }
    }
}

impl fmt::Display for OutboxStats {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OutboxStats { name, invalidated, failures, backlog, oldest_ms, lag } = self;
        write!(
            f,
            "outbox {name}: {invalidated} invalidated, {failures} failures, {backlog} waiting, the oldest for \
             {oldest_ms} ms; lag {} µs at p50, {} at p99",
            lag.p50_us, lag.p99_us
        )
    }
}
