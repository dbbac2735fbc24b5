//! Telemetry: metrics, spans and events. This module only documents them; there is nothing to call.
//!
//! # Metrics
//!
//! With the feature `metrics`, a cache reports everything that [`Cache::stats`](crate::Cache::stats) counts to the
//! recorder of the [`metrics`](https://docs.rs/metrics) facade that the program installs. The metrics follow
//! OpenTelemetry's conventions:
//!
//! | metric | kind | unit | labels | counts |
//! |---|---|---|---|---|
//! | `cache.requests` | counter | {request} | `cache.function`, `cache.outcome`: hit, negative_hit, stale_hit, miss, bypassed | calls, each counted once; a batch counts as one call for each id |
//! | `cache.coalesced` | counter | {request} | `cache.function` | misses answered by another call's load in the same process |
//! | `cache.loads` | counter | {load} | `cache.function` | runs of the body that have begun |
//! | `cache.load.failures` | counter | {load} | `cache.function` | runs of the body that returned `Err` |
//! | `cache.load.duration` | histogram | s | `cache.function`, `cache.outcome`: ok, error | how long runs of the body took |
//! | `cache.refreshes` | counter | {load} | `cache.function` | loads in the background |
//! | `cache.superseded` | counter | {value} | `cache.function` | loaded values that were not stored: a write came between |
//! | `cache.lock.waits` | counter | {request} | `cache.function` | calls that waited for another process's load |
//! | `cache.lock.wait.duration` | histogram | s | `cache.function` | how long these calls waited |
//! | `cache.errors` | counter | {error} | `cache.function`, `error.type`: store, undecodable, unencodable, changed, too_large, unmatched | errors that kept a call from using the cache, or a value out of the cache |
//! | `cache.audits` | counter | {request} | `cache.function` | hits that `audit` compared with a load |
//! | `cache.audit.differences` | counter | {request} | `cache.function` | audited hits that differed from the source |
//! | `cache.invalidations` | counter | {key} | `cache.function` | keys and tags that writers invalidated |
//! | `cache.writes.refused` | counter | {write} | `cache.function` | writes that `on_unavailable = "error"` refused before they began |
//! | `cache.invalidation.pending` | gauge | {key} |  | invalidations that the store has not confirmed yet |
//! | `cache.invalidation.dropped` | counter | {key} |  | pending invalidations that were dropped |
//! | `cache.outbox.invalidated` | counter | {change} | `cache.outbox` | changes of an [outbox](crate::outbox) that were invalidated, and have left it |
//! | `cache.outbox.failures` | counter | {error} | `cache.outbox` | how often a follower has failed: the outbox did not answer, or the store has not confirmed an invalidation |
//! | `cache.outbox.backlog` | gauge | {change} | `cache.outbox` | changes in the outbox, those included that followers of any process have taken |
//! | `cache.outbox.oldest` | gauge | s | `cache.outbox` | the age of the oldest of them |
//! | `cache.outbox.lag` | histogram | s | `cache.outbox` | how long after it was recorded each change had left the outbox |
//! | `cache.write_behind.queued` | counter | {write} | `cache.function` | writes that a queue has accepted |
//! | `cache.write_behind.flushed` | counter | {write} | `cache.function` | queued writes that were flushed to the database |
//! | `cache.write_behind.replaced` | counter | {write} | `cache.function` | queued writes that a later write has replaced |
//! | `cache.write_behind.dead_letters` | counter | {write} | `cache.function` | queued writes that became dead letters |
//! | `cache.write_behind.batches` | counter | {batch} | `cache.function`, `cache.outcome`: ok, error | runs of the batch function |
//! | `cache.store.operations` | counter | {operation} |  | commands that were sent to the store |
//! | `cache.store.failures` | counter | {operation} |  | commands that failed or timed out |
//! | `cache.store.rejected` | counter | {operation} |  | commands that were not sent: the breaker was open, or too many were waiting |
//! | `cache.store.operation.duration` | histogram | s | `cache.operation`: read, read_many, acquire, fill, fence, settle, …; `cache.outcome`: ok, error | how long the store took to answer; a pipeline counts once |
//! | `cache.store.io` | counter | By | `cache.io.direction`: read, write | bytes of values, without keys and headers |
//! | `cache.store.oversized` | counter | {value} |  | values that the embedded store did not keep: they are too large for it |
//! | `cache.store.breaker.state` | gauge | {state} |  | 0 closed, 1 half open, 2 open |
//! | `cache.store.breaker.opened` | counter | {time} |  | how often the breaker has opened |
//!
//! A series exists from its first count on. Statistics and metrics are counted in the same place, so they agree. A
//! recorder that is installed after the first calls gets the whole count of a series when the series counts again, or
//! when somebody reads the statistics. It does not get earlier times, so install it at the start of `main`. The series
//! of several caches in one process add up.
//!
//! # Spans and events
//!
//! They use [`tracing`](https://docs.rs/tracing), are always compiled in, and cost nothing without a subscriber:
//!
//! | what | level | fields |
//! |---|---|---|
//! | the span `cache.load`, around each run of a body | debug | `function`, `template`, `key` |
//! | an event for each call: hit, miss, answered by another call's load | trace | the same, and `outcome` |
//! | a load that failed, or that a write superseded; an expired value that is served; a store that fails a call | debug | the same, and `error` |
//! | problems to look into: an entry that cannot be decoded, a value that cannot be encoded, a pending invalidation, an error of a queue | warn, error | those that apply |
//!
//! `template` is the template of the key, `user:<id>`, if an attribute gives one. `key` is the key itself. It may hold
//! personal data, so it is only shown with [`Builder::log_keys`](crate::Builder::log_keys).
//! The `error` of a codec is the text of that codec, which may quote the value that it could not decode.

pub(crate) mod metric;
#[cfg(not(feature = "metrics"))]
mod noop;
#[cfg(feature = "metrics")]
mod series;

#[cfg(not(feature = "metrics"))]
pub(crate) use self::noop::{CounterSeries, GaugeSeries, HistogramSeries};
#[cfg(feature = "metrics")]
pub(crate) use self::series::{CounterSeries, GaugeSeries, HistogramSeries};

use std::fmt;

use tracing::{Span, debug_span};

/// The function and the key that an event is about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) function: &'a str,
    /// The template of the key, if it is known.
    pub(crate) template: Option<&'static str>,
    /// The key itself, if logs may show it.
    pub(crate) key: Option<&'a str>,
}

impl About<'_> {
    /// The span of a load.
    pub(crate) fn load(&self) -> Span {
        let About { function, template, key } = self;
        debug_span!("cache.load", function, template, key)
    }
}

/// Logs that the store has not confirmed an invalidation, for a caller that is not told: its write is committed.
pub(crate) fn log_unconfirmed(function: &str, confirmed: Result<(), impl fmt::Display>) {
    if let Err(error) = confirmed {
        tracing::warn!(function, %error, "an invalidation has not reached the cache's store yet");
    }
}

/// Emits an event about a function and a key. Evaluates nothing without a subscriber.
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
