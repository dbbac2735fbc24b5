//! The last ten minutes, step by step: a ring of what was counted in each second.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::stats::{Breaker, FunctionStats, Latency, Stats};

/// How many steps are kept: ten minutes of seconds.
pub(super) const STEPS: usize = 600;

/// How many steps what is called recent goes back: a minute.
pub(super) const RECENT: usize = 60;

/// How many steps what is called latest goes back, and the quantiles of one point are taken from; those of a second
/// alone say little.
pub(super) const LATEST: usize = 10;

/// How many steps share one place in the history of a function.
pub(super) const PLACE: u64 = 10;

/// What is counted in each step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts([u64; Counts::NAMES.len()]);

impl Counts {
    /// Calls, and those that the store answered; loads, and those that failed; operations on the store, those that
    /// failed, and those that were not tried. The rest are the fields of [`FunctionStats`] and `dropped`, invalidations
    /// that were given up: what somebody wants to know of if it has happened lately.
    pub(super) const NAMES: [&str; 15] = [
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
    ];

    /// Each with its name.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Counts::NAMES.into_iter().zip(self.0)
    }

    pub(super) fn at(&self, which: usize) -> u64 {
        self.0[which]
    }

    /// A counter only grows; but they are read one by one, so a difference of sums can fall below zero.
    fn since(&self, earlier: &Counts) -> Counts {
        Counts(std::array::from_fn(|at| self.0[at].saturating_sub(earlier.0[at])))
    }

    fn add(&mut self, more: &Counts) {
        self.0.iter_mut().zip(more.0).for_each(|(sum, more)| *sum += more);
    }
}

/// All counters at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    counts: Counts,
    load: Latency,
    store: Latency,
    breaker: Breaker,
    /// The calls of each function, and those that the store answered.
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
            ]),
            load: total.load_time,
            store: store.time.clone(),
            breaker: store.breaker,
            functions: stats.functions.iter().map(|f| (f.name.clone(), calls(f))).collect(),
        }
    }
}

/// The calls that had to do with the store, and those of them that it answered: what the hit rate is made of.
fn calls(function: &FunctionStats) -> [u64; 2] {
    let answered = function.hits + function.negative_hits + function.stale_hits;
    [answered + function.misses, answered]
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) took: Duration,
    pub(super) counts: Counts,
    /// Median and 99th percentile of the loads of the ten steps up to this one.
    pub(super) load: Option<[u64; 2]>,
    /// The same of the store.
    pub(super) store: Option<[u64; 2]>,
    pub(super) breaker: Breaker,
}

/// What a function was called in each place of ten steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// What was counted before the first place.
    pub(super) before: [u64; 2],
    pub(super) places: VecDeque<[u64; 2]>,
    last: [u64; 2],
}

/// What the last steps came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Lately {
    pub(super) took: Duration,
    pub(super) counts: Counts,
    pub(super) load: Latency,
    pub(super) store: Latency,
}

/// The ring.
#[derive(Debug)]
pub(super) struct History {
    /// The number of the first step that is still kept.
    first: u64,
    steps: VecDeque<Step>,
    /// What was counted before the first step. With the sums of all steps, that is what the last reading says.
    before: Counts,
    last: Counts,
    /// The times up to the ends of the last steps, newest last: one more than are recent.
    times: VecDeque<(Latency, Latency)>,
    functions: BTreeMap<String, Row>,
}

impl History {
    /// Begins at a reading.
    pub(super) fn new(reading: Reading) -> History {
        let row = |before| Row { before, last: before, ..Row::default() };
        History {
            first: 0,
            steps: VecDeque::new(),
            before: reading.counts,
            last: reading.counts,
            times: VecDeque::from([(reading.load, reading.store)]),
            functions: reading.functions.into_iter().map(|(name, n)| (name, row(n))).collect(),
        }
    }

    /// Ends a step that took so long.
    pub(super) fn push(&mut self, took: Duration, reading: Reading) {
        self.times.push_back((reading.load, reading.store));
        if self.times.len() > RECENT + 1 {
            self.times.pop_front();
        }
        let (load, store) = self.times_of(LATEST);
        self.steps.push_back(Step {
            took,
            counts: reading.counts.since(&self.last),
            load: quantiles(&load),
            store: quantiles(&store),
            breaker: reading.breaker,
        });
        // As the steps say it, so that sums agree.
        self.last.add(&self.steps[self.steps.len() - 1].counts);
        self.count(reading.functions);
        if self.steps.len() > STEPS
            && let Some(oldest) = self.steps.pop_front()
        {
            self.before.add(&oldest.counts);
            self.first += 1;
        }
    }

    /// Counts the calls of this step in the newest place of each function.
    fn count(&mut self, functions: Vec<(String, [u64; 2])>) {
        let number = self.first + self.steps.len() as u64 - 1;
        if number.is_multiple_of(PLACE) {
            for row in self.functions.values_mut() {
                row.places.push_back([0; 2]);
                if row.places.len() > STEPS / PLACE as usize {
                    let oldest = row.places.pop_front().unwrap_or_default();
                    (0..2).for_each(|at| row.before[at] += oldest[at]);
                }
            }
        }
        for (name, calls) in functions {
            let row = self.functions.entry(name).or_default();
            if row.places.is_empty() {
                row.places.push_back([0; 2]);
            }
            let newest = row.places.len() - 1;
            for (at, now) in calls.into_iter().enumerate() {
                row.places[newest][at] += now.saturating_sub(row.last[at]);
                row.last[at] = row.last[at].max(now);
            }
        }
    }

    /// The times of so many steps up to the last.
    fn times_of(&self, steps: usize) -> (Latency, Latency) {
        let newest = self.times.len() - 1;
        let (load, store) = &self.times[newest];
        let (load_then, store_then) = &self.times[newest.saturating_sub(steps)];
        (load.since(load_then), store.since(store_then))
    }

    /// So many steps up to the last, which is a minute of them at most, or what there is of them.
    pub(super) fn lately(&self, steps: usize) -> Lately {
        let (load, store) = self.times_of(steps);
        let mut lately = Lately { load, store, ..Lately::default() };
        for step in self.steps.iter().rev().take(steps) {
            lately.took += step.took;
            lately.counts.add(&step.counts);
        }
        lately
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    pub(super) fn before(&self) -> &Counts {
        &self.before
    }

    pub(super) fn steps(&self) -> impl ExactSizeIterator<Item = &Step> {
        self.steps.iter()
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = (&str, &Row)> {
        self.functions.iter().map(|(name, row)| (name.as_str(), row))
    }
}

fn quantiles(times: &Latency) -> Option<[u64; 2]> {
    (times.count > 0).then_some([times.p50_us, times.p99_us])
}
