//! The JSON document: what the page reads.

use std::collections::BTreeMap;

use serde::Serialize;

use super::history::{Counts, History, LATEST, Lately, PLACE, RECENT};
use crate::stats::{Breaker, FunctionStats, Latency, Stats, StoreStats};

/// Times of day are milliseconds since 1970.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    /// The version of this crate.
    version: &'static str,
    namespace: Option<&'a str>,
    /// When the dashboard was made.
    since: u64,
    now: u64,
    latest: Sums,
    recent: Sums,
    total: FunctionStats,
    functions: &'a [FunctionStats],
    store: &'a StoreStats,
    history: Steps,
}

impl<'a> Document<'a> {
    /// `until` is when the last step of the history ended.
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
            latest: Sums::new(history.lately(LATEST)),
            recent: Sums::new(history.lately(RECENT)),
            total: stats.total(),
            functions: &stats.functions,
            store: &stats.store,
            history: Steps::new(history, until),
        }
    }
}

type Named<T> = BTreeMap<&'static str, T>;

/// The end of the history, or what there is of it.
#[derive(Serialize)]
struct Sums {
    ms: u64,
    #[serde(flatten)]
    counts: Named<u64>,
    load_time: Latency,
    store_time: Latency,
}

impl Sums {
    fn new(lately: Lately) -> Sums {
        Sums {
            ms: lately.took.as_millis() as u64,
            counts: lately.counts.named().collect(),
            load_time: lately.load,
            store_time: lately.store,
        }
    }
}

/// The history, as one array for each thing that is counted, oldest first.
#[derive(Serialize)]
struct Steps {
    /// The number of the first step.
    first: u64,
    until: u64,
    /// What was counted before the first step: with the sums of the arrays, all there was at `until`.
    before: Named<u64>,
    /// How long each step took.
    ms: Vec<u64>,
    #[serde(flatten)]
    counts: Named<Vec<u64>>,
    /// Quantiles of the ten steps up to each; null where there was nothing to time.
    load_p50_us: Vec<Option<u64>>,
    load_p99_us: Vec<Option<u64>>,
    store_p50_us: Vec<Option<u64>>,
    store_p99_us: Vec<Option<u64>>,
    /// 0 closed, 1 half open, 2 open.
    breaker: Vec<u8>,
    /// How many steps share one place in the arrays of a function.
    per: u64,
    functions: BTreeMap<String, Places>,
}

/// The history of one function. Its arrays end with the steps' arrays, and may begin later.
#[derive(Serialize)]
struct Places {
    before: Named<u64>,
    requests: Vec<u64>,
    answered: Vec<u64>,
}

impl Steps {
    fn new(history: &History, until: u64) -> Steps {
        let series = |(at, name)| (name, history.steps().map(|step| step.counts.at(at)).collect());
        let of = |quantile: usize| {
            let load = history.steps().map(move |step| step.load.map(|load| load[quantile]));
            let store = history.steps().map(move |step| step.store.map(|store| store[quantile]));
            (load.collect(), store.collect())
        };
        let ((load_p50_us, store_p50_us), (load_p99_us, store_p99_us)) = (of(0), of(1));
        Steps {
            first: history.first(),
            until,
            before: history.before().named().collect(),
            ms: history.steps().map(|step| step.took.as_millis() as u64).collect(),
            counts: Counts::NAMES.into_iter().enumerate().map(series).collect(),
            load_p50_us,
            load_p99_us,
            store_p50_us,
            store_p99_us,
            breaker: history.steps().map(|step| code(step.breaker)).collect(),
            per: PLACE,
            functions: Steps::functions(history),
        }
    }

    fn functions(history: &History) -> BTreeMap<String, Places> {
        let functions = history.functions().map(|(name, row)| {
            let [requests, answered] = row.before;
            let places = Places {
                before: Named::from([("requests", requests), ("answered", answered)]),
                requests: row.places.iter().map(|place| place[0]).collect(),
                answered: row.places.iter().map(|place| place[1]).collect(),
            };
            (name.to_owned(), places)
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
