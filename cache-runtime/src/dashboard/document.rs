//! The JSON document that the page reads.

use std::collections::BTreeMap;

use serde::Serialize;

use super::history::{Counts, History, LATEST, RECENT, SAMPLES_PER_SUM, Window};
use crate::stats::{Breaker, FunctionStats, Latency, OutboxStats, Stats, StoreStats};

/// The document. Times of day are in milliseconds since 1970.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    /// The version of this crate.
    version: &'static str,
    namespace: Option<&'a str>,
    /// The time when the dashboard was made.
    since: u64,
    now: u64,
    latest: WindowSums,
    recent: WindowSums,
    total: FunctionStats,
    functions: &'a [FunctionStats],
    store: &'a StoreStats,
    outboxes: &'a [OutboxStats],
    history: HistorySeries,
}

impl<'a> Document<'a> {
    /// `until` is the time when the last sample of the history ended.
    pub(super) fn new(
        namespace: Option<&'a str>,
        [since, until, now]: [u64; 3],
        stats: &'a Stats,
        history: &History,
    ) -> Document<'a> {
        Document {
            version: env!("CARGO_PKG_VERSION"),
            namespace,
            since,
            now,
            latest: WindowSums::new(history.window(LATEST)),
            recent: WindowSums::new(history.window(RECENT)),
            total: stats.total(),
            functions: &stats.functions,
            store: &stats.store,
            outboxes: &stats.outboxes,
            history: HistorySeries::new(history, until),
        }
    }
}

type Named<T> = BTreeMap<&'static str, T>;

/// The sums of the last samples.
#[derive(Serialize)]
struct WindowSums {
    ms: u64,
    #[serde(flatten)]
    counts: Named<u64>,
    load_time: Latency,
    store_time: Latency,
}

impl WindowSums {
    fn new(window: Window) -> WindowSums {
        WindowSums {
            ms: window.took.as_millis() as u64,
            counts: window.counts.named().collect(),
            load_time: window.load,
            store_time: window.store,
        }
    }
}

/// The history, as one array for each counter, the oldest first.
#[derive(Serialize)]
struct HistorySeries {
    /// The number of the first sample.
    first: u64,
    until: u64,
    /// The counts before the first sample. Together with the sums of the arrays, they are the counters at `until`.
    before: Named<u64>,
    /// The duration of each sample.
    ms: Vec<u64>,
    #[serde(flatten)]
    counts: Named<Vec<u64>>,
    /// Quantiles over the last ten samples at each sample; null where no time was recorded.
    load_p50_us: Vec<Option<u64>>,
    load_p99_us: Vec<Option<u64>>,
    store_p50_us: Vec<Option<u64>>,
    store_p99_us: Vec<Option<u64>>,
    /// 0 closed, 1 half open, 2 open.
    breaker: Vec<u8>,
    /// The number of samples that are summed in each element of a function's arrays.
    per: u64,
    functions: BTreeMap<String, FunctionSeries>,
}

/// The history of one function. Its arrays end with the arrays of the samples, and may begin later.
#[derive(Serialize)]
struct FunctionSeries {
    before: Named<u64>,
    requests: Vec<u64>,
    answered: Vec<u64>,
}

impl HistorySeries {
    fn new(history: &History, until: u64) -> HistorySeries {
        let series =
            |(at, name)| (name, history.samples().map(|sample| sample.counts.at(at)).collect());
        let of = |quantile: usize| {
            let load = history.samples().map(move |sample| sample.load.map(|load| load[quantile]));
            let store =
                history.samples().map(move |sample| sample.store.map(|store| store[quantile]));
            (load.collect(), store.collect())
        };
        let ((load_p50_us, store_p50_us), (load_p99_us, store_p99_us)) = (of(0), of(1));
        HistorySeries {
            first: history.first(),
            until,
            before: history.before().named().collect(),
            ms: history.samples().map(|sample| sample.took.as_millis() as u64).collect(),
            counts: Counts::NAMES.into_iter().enumerate().map(series).collect(),
            load_p50_us,
            load_p99_us,
            store_p50_us,
            store_p99_us,
            breaker: history.samples().map(|sample| code(sample.breaker)).collect(),
            per: SAMPLES_PER_SUM,
            functions: HistorySeries::functions(history),
        }
    }

    fn functions(history: &History) -> BTreeMap<String, FunctionSeries> {
        let functions = history.functions().map(|(name, row)| {
            let [requests, answered] = row.before;
            let series = FunctionSeries {
                before: Named::from([("requests", requests), ("answered", answered)]),
                requests: row.sums.iter().map(|sum| sum[0]).collect(),
                answered: row.sums.iter().map(|sum| sum[1]).collect(),
            };
            (name.to_owned(), series)
        });
        functions.collect()
    }
}

fn code(breaker: Breaker) -> u8 {
    match breaker {
        Breaker::Closed => 0,
        Breaker::HalfOpen => 1,
        Breaker::Open => 2,
    }
}
