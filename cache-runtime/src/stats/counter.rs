//! A number that only grows, and the metric that follows it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::telemetry::{
    CounterSeries,
    metric::{Labels, Metric, Subject},
};

/// Uses relaxed atomics, because no other memory access depends on it.
#[derive(Debug)]
pub(crate) struct Counter {
    number: AtomicU64,
    metric: CounterSeries,
}

impl Counter {
    /// A counter that a series of `metric` follows.
    pub(super) fn new(metric: &'static Metric, subject: Subject, labels: Labels) -> Self {
        Counter { number: AtomicU64::new(0), metric: CounterSeries::new(metric, subject, labels) }
    }

    pub(crate) fn add_one(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.number.fetch_add(more, Ordering::Relaxed);
        self.metric.catch_up(&self.number);
    }

    /// Registers the metric, even if nothing was counted yet.
    pub(super) fn show(&self) {
        self.metric.catch_up(&self.number);
    }

    /// The number. This also reports it to a recorder that was installed after the last count.
    pub(crate) fn get(&self) -> u64 {
        let number = self.number.load(Ordering::Relaxed);
        if number > 0 {
            self.show();
        }
        number
    }
}
