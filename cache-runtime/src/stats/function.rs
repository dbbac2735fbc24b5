//! The statistics of a function: its live counters, and their snapshot.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    counter::Counter,
    histogram::{Latency, Timer},
    not_stored::{NotStored, NotStoredCounters, NotStoredCounts},
};
use crate::telemetry::{
    About, HistogramSeries,
    metric::{self, Subject},
};

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident: $metric:ident $labels:tt,)*) => {
        /// The live counters of one function on one cache.
        #[derive(Debug)]
        pub(crate) struct Counters {
            /// The function's name.
            pub(crate) name: &'static str,
            $(pub(crate) $name: Counter,)*
            not_stored: NotStoredCounters,
            load_time: Timer,
            lock_wait_time: Timer,
            times: FunctionMetrics,
            /// The warnings that have been logged, by their bits.
            warned: AtomicU8,
        }

        /// The statistics of one function on one cache, since the cache was built.
        ///
        /// Every completed call of a cached function counts as one of `hits`, `negative_hits`, `stale_hits`,
        /// `misses` and `bypassed`. A batch counts as one call for each of its ids.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct FunctionStats {
            /// The function's name: `module::Type::function`, or what `name = "…"` says.
            pub name: String,
            $($(#[$meta])* pub $name: u64,)*
            /// Values that were loaded or written and not stored, by reason. For each value that a completed load has brought,
            /// either it is stored or there is one reason.
            pub not_stored: NotStoredCounts,
            /// How long the completed runs of the body took, including failed ones. A batch has one run.
            pub load_time: Latency,
            /// How long calls waited for another process's load (with `lock`).
            pub lock_wait_time: Latency,
        }

        impl Counters {
            /// The counters of the function `name`. The name is empty for calls that are not counted.
            pub(super) fn new(name: &'static str) -> Counters {
                Counters {
                    name,
                    $($name: Counter::new(&metric::$metric, Subject::Function(name), &$labels),)*
                    not_stored: NotStoredCounters::new(name),
                    load_time: Timer::default(),
                    lock_wait_time: Timer::default(),
                    times: FunctionMetrics::new(name),
                    warned: AtomicU8::new(0),
                }
            }

            pub(super) fn snapshot(&self) -> FunctionStats {
                FunctionStats {
                    name: self.name.to_owned(),
                    $($name: self.$name.get(),)*
                    not_stored: self.not_stored.snapshot(),
                    load_time: self.load_time.snapshot(),
                    lock_wait_time: self.lock_wait_time.snapshot(),
                }
            }
        }

        impl FunctionStats {
            pub(super) fn add(&mut self, other: &FunctionStats) {
                $(self.$name += other.$name;)*
                self.not_stored += other.not_stored;
                self.load_time.add(&other.load_time);
                self.lock_wait_time.add(&other.lock_wait_time);
            }
        }
    };
}

counters! {
    /// Calls answered with a value of the store.
    hits: REQUESTS [("cache.outcome", "hit")],
    /// Those of `hits` and `negative_hits` that this process's memory answered: local copies, without a round trip.
    local_hits: LOCAL_HITS [],
    /// Calls answered with a remembered `None`.
    negative_hits: REQUESTS [("cache.outcome", "negative_hit")],
    /// Calls that found no usable value in the store. A load answered them, their own or another call's, or nothing did.
    misses: REQUESTS [("cache.outcome", "miss")],
    /// Calls that ran the function's body.
    loads: LOADS [],
    /// Runs of the body that returned `Err`.
    load_failures: LOAD_FAILURES [],
    /// Calls answered by another call's load in the same process.
    coalesced: COALESCED [],
    /// Calls that waited for another process's load (with `lock`).
    lock_waits: LOCK_WAITS [],
    /// Loaded values that were not stored because a write came between.
    superseded: SUPERSEDED [],
    /// Operations on the store that failed or timed out.
    store_errors: ERRORS [("error.type", "store")],
    /// Entries that could not be decoded: foreign bytes, another codec, another type.
    undecodable: ERRORS [("error.type", "undecodable")],
    /// Values that could not be encoded.
    unencodable: ERRORS [("error.type", "unencodable")],
    /// Values that were not stored because they come back from their encoding as other values.
    changed: ERRORS [("error.type", "changed")],
    /// Values that were not stored because they are larger than `max_bytes`.
    too_large: ERRORS [("error.type", "too_large")],
    /// Loaded rows of batches that were returned and not stored: they belong to no id that was asked for, or to one that
    /// has another row.
    unmatched: ERRORS [("error.type", "unmatched")],
    /// Calls answered with an expired value (`stale_while_revalidate`, `stale_if_error`, `soft_timeout`), with or without
    /// a load first.
    stale_hits: REQUESTS [("cache.outcome", "stale_hit")],
    /// Loads in the background, of values that had expired or were about to expire.
    refreshes: REFRESHES [],
    /// Hits that `audit` compared with a load.
    audits: AUDITS [],
    /// Audited hits whose cached value differed from the source although no write explains it.
    stale_detected: AUDIT_DIFFERENCES [],
    /// Calls that `when` sent past the cache.
    bypassed: REQUESTS [("cache.outcome", "bypassed")],
    /// Keys that writers invalidated; a writer counts once for each of its keys.
    invalidations: INVALIDATIONS [],
    /// Writes that `on_unavailable = "error"` refused before they began.
    refused: REFUSED [],
    /// Writes that a write-behind queue accepted.
    queued: QUEUED [],
    /// Queued writes that were flushed to the database.
    flushed: FLUSHED [],
    /// Queued writes that a later write of the same key replaced before they were flushed.
    replaced: REPLACED [],
    /// Runs of a batch function that succeeded.
    batches: BATCHES [("cache.outcome", "ok")],
    /// Runs of a batch function that failed.
    batch_failures: BATCHES [("cache.outcome", "error")],
    /// Queued writes that became dead letters.
    dead_letters: DEAD_LETTERS [],
}

impl FunctionStats {
    /// The fraction of the calls that the store answered, between 0 and 1; 0 if there were none. A served expired value
    /// counts as an answer.
    pub fn hit_rate(&self) -> f64 {
        let hits = self.hits + self.negative_hits + self.stale_hits;
        let calls = hits + self.misses;
        if calls == 0 { 0.0 } else { hits as f64 / calls as f64 }
    }
}

/// The histograms of a function.
#[derive(Debug)]
struct FunctionMetrics {
    loaded: HistogramSeries,
    failed: HistogramSeries,
    waited: HistogramSeries,
}

impl FunctionMetrics {
    fn new(name: &'static str) -> FunctionMetrics {
        let subject = Subject::Function(name);
        let load = |labels| HistogramSeries::new(&metric::LOAD_DURATION, subject, labels);
        FunctionMetrics {
            loaded: load(&[("cache.outcome", "ok")]),
            failed: load(&[("cache.outcome", "error")]),
            waited: HistogramSeries::new(&metric::LOCK_WAIT_DURATION, subject, &[]),
        }
    }
}

/// What is logged once for each function, and counted each time.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Warning {
    /// Rows of a batch that belong to no id.
    Unmatched,
    /// Values that cannot be encoded.
    Unencodable,
    /// Values that come back as others.
    Changed,
}

impl Counters {
    /// Whether this function has not been warned of before.
    pub(crate) fn is_first(&self, warning: Warning) -> bool {
        let bit = 1 << warning as u8;
        self.warned.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// Counts a value that is not stored.
    pub(crate) fn not_stored(&self, about: About<'_>, reason: NotStored) {
        self.not_stored.add(1, about, reason);
    }

    /// Counts so many of them.
    pub(crate) fn not_stored_many(&self, values: u64, about: About<'_>, reason: NotStored) {
        if values > 0 {
            self.not_stored.add(values, about, reason);
        }
    }

    /// Records a run of the body that has ended.
    pub(crate) fn loaded(&self, time: Duration, succeeded: bool) {
        self.load_time.record(time);
        if succeeded { &self.times.loaded } else { &self.times.failed }.record(time);
    }

    /// Counts a call that waits for another process's load. The wait ends when the result is dropped.
    pub(crate) fn wait(self: &Arc<Self>) -> LockWait {
        self.lock_waits.add_one();
        LockWait { counters: Arc::clone(self), began: Instant::now() }
    }
}

/// A call that waits for another process's load.
pub(crate) struct LockWait {
    counters: Arc<Counters>,
    began: Instant,
}

impl Drop for LockWait {
    fn drop(&mut self) {
        let time = self.began.elapsed();
        self.counters.lock_wait_time.record(time);
        self.counters.times.waited.record(time);
    }
}
