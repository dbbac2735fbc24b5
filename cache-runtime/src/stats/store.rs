//! What a cache's store has been asked, and how it is.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use serde::Serialize;

use super::{
    counter::Counter,
    histogram::{Latency, Timer},
    operation::{OPERATIONS, Operation},
};
use crate::telemetry::{
    GaugeSeries, HistogramSeries,
    metric::{self, Labels},
};

/// What the store of one cache has done, and how it is, as this process sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreStats {
    /// Which store: `memory`, `redis`, `sentinel`, `cluster`, or `disabled`.
    pub kind: String,
    /// Whether operations are let through to it. Each master of a cluster has a breaker; this is the worst of them.
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

/// The live counters of a cache's store.
#[derive(Debug)]
pub(crate) struct StoreCounters {
    /// How many breakers are open, and half open: each server of a cluster has one.
    open: AtomicU64,
    half_open: AtomicU64,
    pub(crate) operations: Counter,
    pub(crate) failures: Counter,
    pub(crate) rejected: Counter,
    pub(crate) opened: Counter,
    time: Timer,
    pub(crate) bytes_read: Counter,
    pub(crate) bytes_written: Counter,
    pending: AtomicU64,
    pub(crate) dropped_invalidations: Counter,
    metrics: StoreMetrics,
}

/// The metrics that follow what is no counter.
#[derive(Debug)]
struct StoreMetrics {
    breaker: GaugeSeries,
    pending: GaugeSeries,
    operations: [[HistogramSeries; 2]; OPERATIONS.len()],
}

impl Default for StoreCounters {
    fn default() -> Self {
        let counter = |metric| Counter::new(metric, "", &[]);
        let times = |labels: &[Labels; 2]| {
            labels.map(|labels| HistogramSeries::new(&metric::OPERATION_DURATION, "", labels))
        };
        StoreCounters {
            open: AtomicU64::new(0),
            half_open: AtomicU64::new(0),
            operations: counter(&metric::OPERATIONS),
            failures: counter(&metric::FAILURES),
            rejected: counter(&metric::REJECTED),
            opened: counter(&metric::BREAKER_OPENED),
            time: Timer::default(),
            bytes_read: Counter::new(&metric::IO, "", &[("cache.io.direction", "read")]),
            bytes_written: Counter::new(&metric::IO, "", &[("cache.io.direction", "write")]),
            pending: AtomicU64::new(0),
            dropped_invalidations: counter(&metric::DROPPED),
            metrics: StoreMetrics {
                breaker: GaugeSeries::new(&metric::BREAKER_STATE),
                pending: GaugeSeries::new(&metric::PENDING),
                operations: OPERATIONS.each_ref().map(times),
            },
        }
    }
}

impl StoreCounters {
    /// A breaker has changed.
    pub(crate) fn breaker(&self, before: Breaker, after: Breaker) {
        if let Some(count) = self.open_count(after) {
            count.fetch_add(1, Relaxed);
        }
        if let Some(count) = self.open_count(before) {
            count.fetch_sub(1, Relaxed);
        }
        self.report_breaker();
    }

    fn open_count(&self, breaker: Breaker) -> Option<&AtomicU64> {
        match breaker {
            Breaker::Closed => None,
            Breaker::Open => Some(&self.open),
            Breaker::HalfOpen => Some(&self.half_open),
        }
    }

    /// So many invalidations have not reached the store yet.
    pub(crate) fn pending_invalidations(&self, pending: u64) {
        self.pending.store(pending, Relaxed);
        self.metrics.pending.set(pending as f64);
    }

    /// The store took so long to answer, or was waited for so long in vain.
    pub(crate) fn answered(&self, operation: Operation, time: Duration, succeeded: bool) {
        self.time.record(time);
        self.metrics.operations[operation as usize][usize::from(!succeeded)].record(time);
        if !self.metrics.breaker.is_registered() {
            self.show();
        }
    }

    /// Tells a recorder, which may have come late, what gauges are told when they change, and of counters that may
    /// never count.
    fn show(&self) {
        self.report_breaker();
        self.metrics.pending.set(self.pending.load(Relaxed) as f64);
        let Self { failures, rejected, opened, dropped_invalidations, .. } = self;
        [failures, rejected, opened, dropped_invalidations].into_iter().for_each(Counter::show);
    }

    fn report_breaker(&self) {
        let state = match self.state() {
            Breaker::Closed => 0.0,
            Breaker::HalfOpen => 1.0,
            Breaker::Open => 2.0,
        };
        self.metrics.breaker.set(state);
    }

    fn state(&self) -> Breaker {
        match (self.open.load(Relaxed), self.half_open.load(Relaxed)) {
            (0, 0) => Breaker::Closed,
            (0, _) => Breaker::HalfOpen,
            _ => Breaker::Open,
        }
    }

    pub(crate) fn snapshot(&self, kind: &str) -> StoreStats {
        StoreStats {
            kind: kind.to_owned(),
            breaker: self.state(),
            operations: self.operations.get(),
            failures: self.failures.get(),
            rejected: self.rejected.get(),
            opened: self.opened.get(),
            time: self.time.snapshot(),
            bytes_read: self.bytes_read.get(),
            bytes_written: self.bytes_written.get(),
            pending_invalidations: self.pending.load(Relaxed),
            dropped_invalidations: self.dropped_invalidations.get(),
        }
    }
}
