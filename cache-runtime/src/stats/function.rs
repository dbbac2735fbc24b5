//! What each annotated function has done: its live counters, and their snapshot.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    counter::Counter,
    histogram::{Latency, Timer},
};
use crate::telemetry::{HistogramSeries, metric};

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident: $metric:ident $labels:tt,)*) => {
        /// The live counters of one function on one cache.
        #[derive(Debug)]
        pub(crate) struct Counters {
            /// The function's name.
            pub(crate) name: &'static str,
            $(pub(crate) $name: Counter,)*
            load_time: Timer,
            lock_wait_time: Timer,
            times: FunctionMetrics,
        }

        /// What one function has done on one cache since that was built.
        ///
        /// Every call of a cached function that has been answered is one of `hits`, `negative_hits`, `stale_hits`,
        /// `misses` and `bypassed`; a batch has a call for each of its ids.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct FunctionStats {
            /// The function's name: `module::Type::function`, or what `name = "…"` says.
            pub name: String,
            $($(#[$meta])* pub $name: u64,)*
            /// How long the runs of the body took that came to an end, failed ones among them; of a batch, its one
            /// load.
            pub load_time: Latency,
            /// How long calls waited for another process's load (with `lock`).
            pub lock_wait_time: Latency,
        }

        impl Counters {
            /// The counters of a function of this name; it is empty where nobody is to see them.
            pub(super) fn new(name: &'static str) -> Counters {
                Counters {
                    name,
                    $($name: Counter::new(&metric::$metric, name, &$labels),)*
                    load_time: Timer::default(),
                    lock_wait_time: Timer::default(),
                    times: FunctionMetrics::new(name),
                }
            }

            pub(super) fn snapshot(&self) -> FunctionStats {
                FunctionStats {
                    name: self.name.to_owned(),
                    $($name: self.$name.get(),)*
                    load_time: self.load_time.snapshot(),
                    lock_wait_time: self.lock_wait_time.snapshot(),
                }
            }
        }

        impl FunctionStats {
            pub(super) fn add(&mut self, other: &FunctionStats) {
                $(self.$name += other.$name;)*
                self.load_time.add(&other.load_time);
                self.lock_wait_time.add(&other.lock_wait_time);
            }
        }
    };
}

counters! {
    /// Calls answered by a value in the store.
    hits: REQUESTS [("cache.outcome", "hit")],
    /// Calls answered by a remembered `None`.
    negative_hits: REQUESTS [("cache.outcome", "negative_hit")],
    /// Calls that found no value in the store that they could return, and were answered by a load, their own or
    /// another call's, or not at all.
    misses: REQUESTS [("cache.outcome", "miss")],
    /// Calls that ran the function's body.
    loads: LOADS [],
    /// Runs of the body that returned `Err`.
    load_failures: LOAD_FAILURES [],
    /// Calls answered by another call's load in the same process.
    coalesced: COALESCED [],
    /// Calls that waited for another process's load (with `lock`).
    lock_waits: LOCK_WAITS [],
    /// Loaded values that were not stored, because a write came between.
    superseded: SUPERSEDED [],
    /// Operations on the store that failed or came too late.
    store_errors: ERRORS [("error.type", "store")],
    /// Entries that could not be read: foreign bytes, another codec, another type.
    undecodable: ERRORS [("error.type", "undecodable")],
    /// Values that could not be written in the codec.
    unencodable: ERRORS [("error.type", "unencodable")],
    /// Values that were not stored because they are larger than `max_bytes`.
    too_large: ERRORS [("error.type", "too_large")],
    /// Calls answered by a value that had expired (`stale_while_revalidate`, `stale_if_error`, `soft_timeout`),
    /// whether a load was tried first or not.
    stale_hits: REQUESTS [("cache.outcome", "stale_hit")],
    /// Loads in the background, of values that had expired or were about to.
    refreshes: REFRESHES [],
    /// Hits that were loaded anew to compare, by `audit`.
    audits: AUDITS [],
    /// Audited hits where the cache held something else than the source, and no write explains it.
    stale_detected: AUDIT_DIFFERENCES [],
    /// Calls that went past the cache, by `when`.
    bypassed: REQUESTS [("cache.outcome", "bypassed")],
    /// Keys that were invalidated (a writer's keys, one by one).
    invalidations: INVALIDATIONS [],
    /// Writes that were refused before they began, by `on_unavailable = "error"`.
    refused: REFUSED [],
    /// Writes that were accepted to be written behind.
    queued: QUEUED [],
    /// Writes that were written behind: they are in the database.
    flushed: FLUSHED [],
    /// Writes that a later one of their key replaced before they were flushed.
    replaced: REPLACED [],
    /// Runs of a batch function that succeeded.
    batches: BATCHES [("cache.outcome", "ok")],
    /// Runs of a batch function that failed.
    batch_failures: BATCHES [("cache.outcome", "error")],
    /// Writes that the database did not take, and that became dead letters.
    dead_letters: DEAD_LETTERS [],
}

impl FunctionStats {
    /// The part of the calls that the store answered, between 0 and 1; 0 where there were none. A value that had
    /// expired counts where it was served.
    pub fn hit_rate(&self) -> f64 {
        let hits = self.hits + self.negative_hits + self.stale_hits;
        let calls = hits + self.misses;
        if calls == 0 { 0.0 } else { hits as f64 / calls as f64 }
    }
}

/// The metrics that follow the times of a function.
#[derive(Debug)]
struct FunctionMetrics {
    loaded: HistogramSeries,
    failed: HistogramSeries,
    waited: HistogramSeries,
}

impl FunctionMetrics {
    fn new(name: &'static str) -> FunctionMetrics {
        let load = |labels| HistogramSeries::new(&metric::LOAD_DURATION, name, labels);
        FunctionMetrics {
            loaded: load(&[("cache.outcome", "ok")]),
            failed: load(&[("cache.outcome", "error")]),
            waited: HistogramSeries::new(&metric::LOCK_WAIT_DURATION, name, &[]),
        }
    }
}

impl Counters {
    /// A run of the body that has taken so long has come to an end.
    pub(crate) fn loaded(&self, time: Duration, succeeded: bool) {
        self.load_time.record(time);
        if succeeded { &self.times.loaded } else { &self.times.failed }.record(time);
    }

    /// A call begins to wait for another process's load, until what this returns is dropped.
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
