//! A number that only grows, and the metric that follows it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::{
    CounterSeries,
    metric::{Labels, Metric},
};

/// It orders nothing, so relaxed will do.
#[derive(Debug)]
pub(crate) struct Counter {
    number: AtomicU64,
    metric: CounterSeries,
}

impl Counter {
    /// A counter that a series of `metric` follows; the function is empty where it is of none.
    pub(super) fn new(metric: &'static Metric, function: &'static str, labels: Labels) -> Self {
        Counter { number: AtomicU64::new(0), metric: CounterSeries::new(metric, function, labels) }
    }

    pub(crate) fn add_one(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.number.fetch_add(more, Ordering::Relaxed);
        self.metric.catch_up(&self.number);
    }

    /// Has the metric be there, though nothing may have been counted yet.
    pub(super) fn show(&self) {
        self.metric.catch_up(&self.number);
    }

    /// The number. A recorder that has come after it grew for the last time hears of it now.
    pub(crate) fn get(&self) -> u64 {
        let number = self.number.load(Ordering::Relaxed);
        if number > 0 {
            self.show();
        }
        number
    }
}
