//! The statistics of a store, and the state of its breaker.

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
    metric::{self, Labels, Subject},
};

/// The statistics of the store of one cache, as this process sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreStats {
    /// The kind of the store: `memory`, `redis`, `sentinel`, `cluster`, or `disabled`.
    pub kind: String,
    /// The state of the circuit breaker. Each master of a cluster has a breaker; this is the worst state.
    pub breaker: Breaker,
    /// Operations that were sent to the store: commands of the server. A read of several keys is one operation; steps on
    /// several keys are one operation each. Not counted are the commands of a flusher, which has a connection of its own,
    /// the commands that start a connection, and a command that is sent again because the connection was lost.
    pub operations: u64,
    /// Operations that failed or timed out.
    pub failures: u64,
    /// Operations that were not sent, because the breaker was open or too many operations were waiting.
    pub rejected: u64,
    /// How often the breaker has opened.
    pub opened: u64,
    /// How long the store took to answer, including failures. A pipeline counts once. The embedded store is not timed: an
    /// operation there is only a lock and a lookup.
    pub time: Latency,
    /// Bytes of values that were read: encoded and compressed, without keys and headers.
    pub bytes_read: u64,
    /// Bytes of values that were sent to be written, counted likewise.
    pub bytes_written: u64,
    /// Values that the embedded store did not keep, because each is larger than all that it may hold, or nearly so.
    pub oversized: u64,
    /// Local copies that this process has now, over a server.
    pub copies: u64,
    /// Their bytes: keys, encoded and decoded values, and what it takes to keep them.
    pub copy_bytes: u64,
    /// Copies that made room for others.
    pub copies_evicted: u64,
    /// Invalidations of keys that servers have pushed, whether there were copies of them or not.
    pub copies_invalidated: u64,
    /// Looks that waited because the lease of a copy had lapsed.
    pub lapsed_leases: u64,
    /// Invalidations that the store has not confirmed yet, and that are sent again.
    pub pending_invalidations: u64,
    /// Pending invalidations that were dropped.
    pub dropped_invalidations: u64,
}

/// The state of a circuit breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// It lets operations through.
    #[default]
    Closed,
    /// It rejects operations: the store has failed too often.
    Open,
    /// It lets one probe through, to see whether the store is back.
    HalfOpen,
}

/// The live counters of a store.
#[derive(Debug)]
pub(crate) struct StoreCounters {
    /// The number of breakers that are open, and half open: each server of a cluster has a breaker.
    open: AtomicU64,
    half_open: AtomicU64,
    pub(crate) operations: Counter,
    pub(crate) failures: Counter,
    pub(crate) rejected: Counter,
    pub(crate) opened: Counter,
    time: Timer,
    pub(crate) bytes_read: Counter,
    pub(crate) bytes_written: Counter,
    pub(crate) oversized: Counter,
    pub(crate) copies_evicted: Counter,
    pub(crate) copies_invalidated: Counter,
    pub(crate) lapsed_leases: Counter,
    pending: AtomicU64,
    pub(crate) dropped_invalidations: Counter,
    metrics: StoreMetrics,
}

/// The gauges and histograms of the store.
#[derive(Debug)]
struct StoreMetrics {
    breaker: GaugeSeries,
    pending: GaugeSeries,
    operations: [[HistogramSeries; 2]; OPERATIONS.len()],
}

impl Default for StoreCounters {
    fn default() -> Self {
        let counter = |metric| Counter::new(metric, Subject::Store, &[]);
        let io = |labels| Counter::new(&metric::IO, Subject::Store, labels);
        let times = |labels: &[Labels; 2]| {
            let series =
                |labels| HistogramSeries::new(&metric::OPERATION_DURATION, Subject::Store, labels);
            labels.map(series)
        };
        StoreCounters {
            open: AtomicU64::new(0),
            half_open: AtomicU64::new(0),
            operations: counter(&metric::OPERATIONS),
            failures: counter(&metric::FAILURES),
            rejected: counter(&metric::REJECTED),
            opened: counter(&metric::BREAKER_OPENED),
            time: Timer::default(),
            bytes_read: io(&[("cache.io.direction", "read")]),
            bytes_written: io(&[("cache.io.direction", "write")]),
            oversized: counter(&metric::OVERSIZED),
            copies_evicted: counter(&metric::COPIES_EVICTED),
            copies_invalidated: counter(&metric::COPIES_INVALIDATED),
            lapsed_leases: counter(&metric::LEASES_LAPSED),
            pending: AtomicU64::new(0),
            dropped_invalidations: counter(&metric::DROPPED),
            metrics: StoreMetrics {
                breaker: GaugeSeries::new(&metric::BREAKER_STATE, Subject::Store),
                pending: GaugeSeries::new(&metric::PENDING, Subject::Store),
                operations: OPERATIONS.each_ref().map(times),
            },
        }
    }
}

impl StoreCounters {
    /// Notes that a breaker has changed its state.
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

    /// Sets the number of pending invalidations.
    pub(crate) fn pending_invalidations(&self, pending: u64) {
        self.pending.store(pending, Relaxed);
        self.metrics.pending.set(pending as f64);
    }

    /// Records how long an operation took, until its reply, its failure or its timeout.
    pub(crate) fn answered(&self, operation: Operation, time: Duration, succeeded: bool) {
        self.time.record(time);
        self.metrics.operations[operation as usize][usize::from(!succeeded)].record(time);
        if !self.metrics.breaker.is_registered() {
            self.show();
        }
    }

    /// Reports the gauges, and the counters that may never count, to a recorder that may have been installed late.
    fn show(&self) {
        self.report_breaker();
        self.metrics.pending.set(self.pending.load(Relaxed) as f64);
        let Self { failures, rejected, opened, oversized, dropped_invalidations, .. } = self;
        let Self { copies_evicted, copies_invalidated, lapsed_leases, .. } = self;
        [failures, rejected, opened, oversized, dropped_invalidations]
            .into_iter()
            .chain([copies_evicted, copies_invalidated, lapsed_leases])
            .for_each(Counter::show);
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
            oversized: self.oversized.get(),
            copies: 0,
            copy_bytes: 0,
            copies_evicted: self.copies_evicted.get(),
            copies_invalidated: self.copies_invalidated.get(),
            lapsed_leases: self.lapsed_leases.get(),
            pending_invalidations: self.pending.load(Relaxed),
            dropped_invalidations: self.dropped_invalidations.get(),
        }
    }
}
