//! Telemetry: metrics, spans and events. This module only documents them; there is nothing to call.
//!
//! # Metrics
//!
//! With the feature `metrics`, a cache reports everything that [`Cache::stats`](crate::Cache::stats) counts to the
//! recorder of the [`metrics`](https://docs.rs/metrics) facade that the program installs. The metrics follow
//! OpenTelemetry's conventions; [the guide](crate::guide::watching) lists them.
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
//! | a value that is [not stored](crate::NotStored), of the target `cache_runtime::not_stored` | debug | the same, and `reason`; `values` where it is several |
//! | a load that failed; an expired value that is served; a store that fails a call | debug | the same, and `error` |
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
