//! The last ten minutes: a ring of samples, one for each second.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::stats::{Breaker, FunctionStats, Latency, Stats};

/// How many samples are kept: ten minutes.
pub(super) const SAMPLES: usize = 600;

/// The number of samples in the `recent` window: a minute.
pub(super) const RECENT: usize = 60;

/// The number of samples in the `latest` window, and in the quantiles of one point. A single second has too few times for
/// quantiles.
pub(super) const LATEST: usize = 10;

/// How many samples are summed in the history of a function.
pub(super) const SAMPLES_PER_SUM: u64 = 10;

/// The counts of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; Counts::NAMES.len()]);

impl Counts {
    /// Calls, and calls that the store answered; loads, and failed loads; operations on the store, failed ones, and
    /// rejected ones. The rest are fields of [`FunctionStats`], `dropped` invalidations, and the failures of followers of
    /// outboxes: the problems of the last minutes.
    pub(super) const NAMES: [&str; 16] = [
        "requests",
        "answered",
        "loads",
        "load_failures",
        "operations",
        "failures",
        "rejected",
        "stale_detected",
        "dropped",
        "refused",
        "queued",
        "flushed",
        "replaced",
        "batch_failures",
        "dead_letters",
        "outbox_failures",
    ];

    /// The counts with their names.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Counts::NAMES.into_iter().zip(self.0)
    }

    pub(super) fn at(&self, which: usize) -> u64 {
        self.0[which]
    }

    /// Saturates: counters only grow, but they are read one after the other, so a sum can shrink.
    fn since(&self, earlier: &Counts) -> Counts {
        Counts(std::array::from_fn(|at| self.0[at].saturating_sub(earlier.0[at])))
    }

    fn add(&mut self, more: &Counts) {
        self.0.iter_mut().zip(more.0).for_each(|(sum, more)| *sum += more);
    }
}

/// All counters at one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    counts: Counts,
    load: Latency,
    store: Latency,
    breaker: Breaker,
    /// The calls of each function, and the calls that the store answered.
    functions: Vec<(String, [u64; 2])>,
}

impl Reading {
    pub(super) fn of(stats: &Stats) -> Reading {
        let (total, store) = (stats.total(), &stats.store);
        let [requests, answered] = calls(&total);
        Reading {
            counts: Counts([
                requests,
                answered,
                total.loads,
                total.load_failures,
                store.operations,
                store.failures,
                store.rejected,
                total.stale_detected,
                store.dropped_invalidations,
                total.refused,
                total.queued,
                total.flushed,
                total.replaced,
                total.batch_failures,
                total.dead_letters,
                stats.outboxes.iter().map(|outbox| outbox.failures).sum(),
            ]),
            load: total.load_time,
            store: store.time.clone(),
            breaker: store.breaker,
            functions: stats.functions.iter().map(|f| (f.name.clone(), calls(f))).collect(),
        }
    }
}

/// The calls that asked the store, and the calls that it answered: the two numbers of the hit rate.
fn calls(function: &FunctionStats) -> [u64; 2] {
    let answered = function.hits + function.negative_hits + function.stale_hits;
    [answered + function.misses, answered]
}

/// One sample.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) took: Duration,
    pub(super) counts: Counts,
    /// Median and 99th percentile of the loads of the last ten samples.
    pub(super) load: Option<[u64; 2]>,
    /// The same for the store.
    pub(super) store: Option<[u64; 2]>,
    pub(super) breaker: Breaker,
}

/// The calls of a function, summed over ten samples each.
#[derive(Clone, Debug, Default)]
pub(super) struct FunctionHistory {
    /// The counts before the first sum.
    pub(super) before: [u64; 2],
    pub(super) sums: VecDeque<[u64; 2]>,
    last: [u64; 2],
}

/// The sums of the last samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Window {
    pub(super) took: Duration,
    pub(super) counts: Counts,
    pub(super) load: Latency,
    pub(super) store: Latency,
}

/// The ring.
#[derive(Debug)]
pub(super) struct History {
    /// The number of the first sample that is still kept.
    first: u64,
    samples: VecDeque<Sample>,
    /// The counts before the first sample. Together with the sum of all samples, they are the last reading.
    before: Counts,
    last: Counts,
    /// The times up to the end of each recent sample, the newest last, and of the one before them.
    times: VecDeque<(Latency, Latency)>,
    functions: BTreeMap<String, FunctionHistory>,
}

impl History {
    /// Starts at a reading.
    pub(super) fn new(reading: Reading) -> History {
        let row = |before| FunctionHistory { before, last: before, ..FunctionHistory::default() };
        History {
            first: 0,
            samples: VecDeque::new(),
            before: reading.counts,
            last: reading.counts,
            times: VecDeque::from([(reading.load, reading.store)]),
            functions: reading.functions.into_iter().map(|(name, n)| (name, row(n))).collect(),
        }
    }

    /// Adds a sample that took `took`.
    pub(super) fn push(&mut self, took: Duration, reading: Reading) {
        self.times.push_back((reading.load, reading.store));
        if self.times.len() > RECENT + 1 {
            self.times.pop_front();
        }
        let (load, store) = self.times_of(LATEST);
        self.samples.push_back(Sample {
            took,
            counts: reading.counts.since(&self.last),
            load: quantiles(&load),
            store: quantiles(&store),
            breaker: reading.breaker,
        });
        // The sum of the samples, not the reading, so that the sums agree.
        self.last.add(&self.samples[self.samples.len() - 1].counts);
        self.count(reading.functions);
        if self.samples.len() > SAMPLES
            && let Some(oldest) = self.samples.pop_front()
        {
            self.before.add(&oldest.counts);
            self.first += 1;
        }
    }

    /// Adds the calls of the newest sample to the newest sum of each function.
    fn count(&mut self, functions: Vec<(String, [u64; 2])>) {
        let number = self.first + self.samples.len() as u64 - 1;
        if number.is_multiple_of(SAMPLES_PER_SUM) {
            for row in self.functions.values_mut() {
                row.sums.push_back([0; 2]);
                if row.sums.len() > SAMPLES / SAMPLES_PER_SUM as usize {
                    let oldest = row.sums.pop_front().unwrap_or_default();
                    (0..2).for_each(|at| row.before[at] += oldest[at]);
                }
            }
        }
        for (name, calls) in functions {
            let row = self.functions.entry(name).or_default();
            if row.sums.is_empty() {
                row.sums.push_back([0; 2]);
            }
            let newest = row.sums.len() - 1;
            for (at, now) in calls.into_iter().enumerate() {
                row.sums[newest][at] += now.saturating_sub(row.last[at]);
                row.last[at] = row.last[at].max(now);
            }
        }
    }

    /// The times of the last `samples` samples.
    fn times_of(&self, samples: usize) -> (Latency, Latency) {
        let newest = self.times.len() - 1;
        let (load, store) = &self.times[newest];
        let (load_then, store_then) = &self.times[newest.saturating_sub(samples)];
        (load.since(load_then), store.since(store_then))
    }

    /// The sums of the last `samples` samples, at most a minute, or of fewer where there are fewer.
    pub(super) fn window(&self, samples: usize) -> Window {
        let (load, store) = self.times_of(samples);
        let mut window = Window { load, store, ..Window::default() };
        for sample in self.samples.iter().rev().take(samples) {
            window.took += sample.took;
            window.counts.add(&sample.counts);
        }
        window
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn before(&self) -> &Counts {
        &self.before
    }

    pub(super) fn samples(&self) -> impl ExactSizeIterator<Item = &Sample> {
        self.samples.iter()
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = (&str, &FunctionHistory)> {
        self.functions.iter().map(|(name, row)| (name.as_str(), row))
    }
}

fn quantiles(times: &Latency) -> Option<[u64; 2]> {
    (times.count > 0).then_some([times.p50_us, times.p99_us])
}
