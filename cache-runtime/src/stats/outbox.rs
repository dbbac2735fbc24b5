//! The statistics of the outboxes that a process follows.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::Serialize;

use super::{
    counter::Counter,
    histogram::{Latency, Timer},
};
use crate::telemetry::{
    GaugeSeries, HistogramSeries,
    metric::{self, Subject},
};

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
#[derive(Debug)]
pub(crate) struct OutboxCounters {
    invalidated: Counter,
    failures: Counter,
    backlog: AtomicU64,
    oldest_ms: AtomicU64,
    lag: Timer,
    metrics: OutboxMetrics,
}

/// The gauges and the histogram of an outbox.
#[derive(Debug)]
struct OutboxMetrics {
    backlog: GaugeSeries,
    oldest: GaugeSeries,
    lag: HistogramSeries,
}

impl OutboxCounters {
    pub(super) fn new(name: &'static str) -> OutboxCounters {
        let subject = Subject::Outbox(name);
        OutboxCounters {
            invalidated: Counter::new(&metric::OUTBOX_INVALIDATED, subject, &[]),
            failures: Counter::new(&metric::OUTBOX_FAILURES, subject, &[]),
            backlog: AtomicU64::new(0),
            oldest_ms: AtomicU64::new(0),
            lag: Timer::default(),
            metrics: OutboxMetrics {
                backlog: GaugeSeries::new(&metric::OUTBOX_BACKLOG, subject),
                oldest: GaugeSeries::new(&metric::OUTBOX_OLDEST, subject),
                lag: HistogramSeries::new(&metric::OUTBOX_LAG, subject, &[]),
            },
        }
    }

    /// Counts a change that has left the outbox, so long after it was recorded.
    pub(crate) fn invalidated(&self, lag: Duration) {
        self.invalidated.add_one();
        self.lag.record(lag);
        self.metrics.lag.record(lag);
    }

    pub(crate) fn failed(&self) {
        self.failures.add_one();
    }

    /// Sets what the outbox holds. This also shows the counters, which may never count.
    pub(crate) fn measured(&self, backlog: u64, oldest: Duration) {
        self.backlog.store(backlog, Relaxed);
        self.oldest_ms.store(u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX), Relaxed);
        self.metrics.backlog.set(backlog as f64);
        self.metrics.oldest.set(oldest.as_secs_f64());
        [&self.invalidated, &self.failures].into_iter().for_each(Counter::show);
    }

    pub(super) fn snapshot(&self, name: &str) -> OutboxStats {
        OutboxStats {
            name: name.to_owned(),
            invalidated: self.invalidated.get(),
            failures: self.failures.get(),
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
