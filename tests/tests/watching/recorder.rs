//! A recorder that can be read, and what the statistics say that it should hold.

use std::collections::{BTreeMap, BTreeSet};

use cache_runtime::{FunctionStats, OutboxStats, StoreStats};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

pub(crate) struct Recorder(Snapshotter);

/// All that was recorded, each series as `name{label=value,…}`.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) counters: BTreeMap<String, u64>,
    pub(crate) gauges: BTreeMap<String, f64>,
    /// In seconds.
    pub(crate) times: BTreeMap<String, Vec<f64>>,
    /// Of each metric its kind, unit and the names of its labels.
    pub(crate) metrics: BTreeMap<String, (&'static str, String, BTreeSet<String>)>,
}

impl Recorder {
    /// Installs it for the process.
    pub(crate) fn install() -> Recorder {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        recorder.install().expect("there is no other");
        Recorder(snapshotter)
    }

    /// What was recorded. It is forgotten thereby.
    pub(crate) fn seen(&self) -> Seen {
        let mut seen = Seen::default();
        for (key, unit, what, value) in self.0.snapshot().into_vec() {
            let (name, labels) = (key.key().name().to_owned(), key.key().labels());
            let labels: Vec<_> =
                labels.map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
            assert!(what.is_some_and(|what| !what.is_empty()), "{name} says what it is");
            let kind = match &value {
                DebugValue::Counter(_) => "counter",
                DebugValue::Gauge(_) => "gauge",
                DebugValue::Histogram(_) => "histogram",
            };
            let unit = unit.expect("each has a unit").as_canonical_label().to_owned();
            let entry = seen.metrics.entry(name.clone());
            let (_, _, names) = entry.or_insert_with(|| (kind, unit, BTreeSet::new()));
            names.extend(labels.iter().map(|(name, _)| name.clone()));
            let series = series(&name, &labels);
            match value {
                DebugValue::Counter(count) => seen.counters.extend([(series, count)]),
                DebugValue::Gauge(value) => seen.gauges.extend([(series, value.into_inner())]),
                DebugValue::Histogram(times) => {
                    let times = times.into_iter().map(|time| time.into_inner()).collect();
                    seen.times.insert(series, times);
                }
            }
        }
        seen
    }
}

fn series(name: &str, labels: &[(String, String)]) -> String {
    if labels.is_empty() {
        return name.to_owned();
    }
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{name}{{{}}}", labels.join(","))
}

type Counters = BTreeMap<String, u64>;

fn expect(into: &mut Counters, series: String, count: u64) {
    if count > 0 {
        *into.entry(series).or_default() += count;
    }
}

/// What the counters of one function should be.
pub(crate) fn expect_function(row: &FunctionStats, into: &mut Counters) {
    let name = &row.name;
    for (metric, label, count) in [
        ("cache.requests", ",cache.outcome=hit", row.hits),
        ("cache.requests", ",cache.outcome=negative_hit", row.negative_hits),
        ("cache.requests", ",cache.outcome=stale_hit", row.stale_hits),
        ("cache.requests", ",cache.outcome=miss", row.misses),
        ("cache.requests", ",cache.outcome=bypassed", row.bypassed),
        ("cache.local.hits", "", row.local_hits),
        ("cache.coalesced", "", row.coalesced),
        ("cache.loads", "", row.loads),
        ("cache.load.failures", "", row.load_failures),
        ("cache.lock.waits", "", row.lock_waits),
        ("cache.superseded", "", row.superseded),
        ("cache.errors", ",error.type=store", row.store_errors),
        ("cache.errors", ",error.type=undecodable", row.undecodable),
        ("cache.errors", ",error.type=unencodable", row.unencodable),
        ("cache.errors", ",error.type=changed", row.changed),
        ("cache.errors", ",error.type=too_large", row.too_large),
        ("cache.errors", ",error.type=unmatched", row.unmatched),
        ("cache.refreshes", "", row.refreshes),
        ("cache.audits", "", row.audits),
        ("cache.audit.differences", "", row.stale_detected),
        ("cache.invalidations", "", row.invalidations),
        ("cache.writes.refused", "", row.refused),
        ("cache.write_behind.queued", "", row.queued),
        ("cache.write_behind.flushed", "", row.flushed),
        ("cache.write_behind.replaced", "", row.replaced),
        ("cache.write_behind.dead_letters", "", row.dead_letters),
        ("cache.write_behind.batches", ",cache.outcome=ok", row.batches),
        ("cache.write_behind.batches", ",cache.outcome=error", row.batch_failures),
    ] {
        expect(into, format!("{metric}{{cache.function={name}{label}}}"), count);
    }
    for (reason, count) in row.not_stored.iter() {
        let series = format!("cache.not_stored{{cache.function={name},cache.reason={reason}}}");
        expect(into, series, count);
    }
}

/// What the counters of an outbox should be.
pub(crate) fn expect_outbox(row: &OutboxStats, into: &mut Counters) {
    let name = &row.name;
    expect(into, format!("cache.outbox.invalidated{{cache.outbox={name}}}"), row.invalidated);
    expect(into, format!("cache.outbox.failures{{cache.outbox={name}}}"), row.failures);
}

/// What the counters of the store should be.
pub(crate) fn expect_store(store: &StoreStats, into: &mut Counters) {
    for (series, count) in [
        ("cache.store.operations", store.operations),
        ("cache.store.failures", store.failures),
        ("cache.store.rejected", store.rejected),
        ("cache.store.breaker.opened", store.opened),
        ("cache.store.io{cache.io.direction=read}", store.bytes_read),
        ("cache.store.io{cache.io.direction=write}", store.bytes_written),
        ("cache.store.oversized", store.oversized),
        ("cache.local.evictions", store.copies_evicted),
        ("cache.local.invalidations", store.copies_invalidated),
        ("cache.local.lapses", store.lapsed_leases),
        ("cache.invalidation.dropped", store.dropped_invalidations),
    ] {
        expect(into, series.to_owned(), count);
    }
}
