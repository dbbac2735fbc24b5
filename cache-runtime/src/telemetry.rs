//! What a service can watch: metrics, spans and events. This module holds their documentation; there is nothing to call.
//!
//! # Metrics
//!
//! With the feature `metrics` a cache tells what [`Cache::stats`](crate::Cache::stats) counts to the recorder of the
//! [`metrics`](https://docs.rs/metrics) facade that the program installs, in the style of OpenTelemetry's conventions:
//!
//! | metric | kind | unit | labels | counts |
//! |---|---|---|---|---|
//! | `cache.requests` | counter | {request} | `cache.function`, `cache.outcome`: hit, negative_hit, stale_hit, miss, bypassed | calls, each once; a batch has one for each id |
//! | `cache.coalesced` | counter | {request} | `cache.function` | misses answered by another call's load in the process |
//! | `cache.loads` | counter | {load} | `cache.function` | runs of the body that have begun |
//! | `cache.load.failures` | counter | {load} | `cache.function` | those that returned `Err` |
//! | `cache.load.duration` | histogram | s | `cache.function`, `cache.outcome`: ok, error | how long they took |
//! | `cache.refreshes` | counter | {load} | `cache.function` | those in the background |
//! | `cache.superseded` | counter | {value} | `cache.function` | loaded values that were not stored: a write came between |
//! | `cache.lock.waits` | counter | {request} | `cache.function` | calls that waited for another process's load |
//! | `cache.lock.wait.duration` | histogram | s | `cache.function` | how long they waited |
//! | `cache.errors` | counter | {error} | `cache.function`, `error.type`: store, undecodable, unencodable, too_large | what kept a call from using the cache, or a value out of it |
//! | `cache.audits` | counter | {request} | `cache.function` | hits that were loaded anew to compare |
//! | `cache.audit.differences` | counter | {request} | `cache.function` | those that differed from the source |
//! | `cache.invalidations` | counter | {key} | `cache.function` | keys and tags that writers have ended |
//! | `cache.writes.refused` | counter | {write} | `cache.function` | writes that were refused before they began: `on_unavailable = "error"` |
//! | `cache.invalidation.pending` | gauge | {key} |  | those that the store is still owed |
//! | `cache.invalidation.dropped` | counter | {key} |  | those that were given up |
//! | `cache.write_behind.queued` | counter | {write} | `cache.function` | writes that a queue has accepted |
//! | `cache.write_behind.flushed` | counter | {write} | `cache.function` | those that are in the database |
//! | `cache.write_behind.replaced` | counter | {write} | `cache.function` | those that a later one has replaced |
//! | `cache.write_behind.dead_letters` | counter | {write} | `cache.function` | those that the database refused |
//! | `cache.write_behind.batches` | counter | {batch} | `cache.function`, `cache.outcome`: ok, error | runs of the batch function |
//! | `cache.store.operations` | counter | {operation} |  | commands that the store was asked for |
//! | `cache.store.failures` | counter | {operation} |  | those that failed or came too late |
//! | `cache.store.rejected` | counter | {operation} |  | those that were not tried: the breaker was open, or too many waited |
//! | `cache.store.operation.duration` | histogram | s | `cache.operation`: read, read_many, acquire, fill, fence, settle, …; `cache.outcome`: ok, error | how long the store took to answer; what goes out together is one |
//! | `cache.store.io` | counter | By | `cache.io.direction`: read, write | bytes of values, without keys and headers |
//! | `cache.store.breaker.state` | gauge | {state} |  | 0 closed, 1 half open, 2 open |
//! | `cache.store.breaker.opened` | counter | {time} |  | how often it has opened |
//!
//! A series is there from its first count on. Statistics and metrics are counted at the same place, so they agree. A
//! recorder that is installed after the first calls is told what a series has counted by then when it counts again, or
//! when somebody asks for the statistics. Times are not told again, so install it at the start of `main`. The series
//! of several caches in one process add up.
//!
//! # Spans and events
//!
//! Of [`tracing`](https://docs.rs/tracing), always there, and of no cost where nobody listens:
//!
//! | what | level | fields |
//! |---|---|---|
//! | the span `cache.load`, around each run of a body | debug | `function`, `template`, `key` |
//! | an event for each call: hit, miss, answered by another one's load | trace | the same, and `outcome` |
//! | a load that failed, or was overtaken by a write; an expired value that stands in; a store that fails a call | debug | the same, and `error` |
//! | what somebody should look into: an entry that cannot be read, a value that cannot be written, an invalidation that is late, trouble of a queue | warn, error | as far as they apply |
//!
//! `template` is that of the key, `user:<id>`, where an attribute has one. `key` is the key itself: it may hold personal
//! data, so it is only there with [`Builder::log_keys`](crate::Builder::log_keys).
//! An `error` of a codec is in the words of that codec, which may quote the value that it could not read.

pub(crate) mod metric;
#[cfg(not(feature = "metrics"))]
mod noop;
#[cfg(feature = "metrics")]
mod series;

#[cfg(not(feature = "metrics"))]
pub(crate) use self::noop::{CounterSeries, GaugeSeries, HistogramSeries};
#[cfg(feature = "metrics")]
pub(crate) use self::series::{CounterSeries, GaugeSeries, HistogramSeries};

use tracing::{Span, debug_span};

/// What an event is about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) function: &'a str,
    /// The template of the key, where it is known.
    pub(crate) template: Option<&'static str>,
    /// The key itself, where logs may show it.
    pub(crate) key: Option<&'a str>,
}

impl About<'_> {
    /// The span of a load.
    pub(crate) fn load(&self) -> Span {
        let About { function, template, key } = self;
        debug_span!("cache.load", function, template, key)
    }
}

/// Emits an event of a `level` about something. Nothing is evaluated where nobody listens.
macro_rules! tell {
    ($level:ident, $about:expr, $($fields:tt)+) => {
        tracing::$level!(
            function = $about.function,
            template = $about.template,
            key = $about.key,
            $($fields)+
        )
    };
}

pub(crate) use tell;
