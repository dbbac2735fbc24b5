//! Series of the `metrics` facade. Each registers once and keeps its handle.
//!
//! A program may install its recorder after its first call. Until then the facade has a no-op recorder, whose handles
//! must not be kept. With the first handle of a real recorder, a counter reports everything that it has counted so far.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, with_recorder};

use super::metric::{Labels, Metric, Subject, Unit};

/// A series and its handle.
#[derive(Debug)]
struct Series<H> {
    metric: &'static Metric,
    subject: Subject,
    labels: Labels,
    handle: OnceLock<H>,
}

impl<H> Series<H> {
    fn new(metric: &'static Metric, subject: Subject, labels: Labels) -> Self {
        Series { metric, subject, labels, handle: OnceLock::new() }
    }

    /// The handle, if a recorder is installed.
    fn handle(&self, register: impl FnOnce(&dyn Recorder, &Key, &Metadata<'_>) -> H) -> Option<&H> {
        if self.handle.get().is_none() {
            with_recorder(|recorder| {
                // The no-op recorder, and only that one, has a size of zero.
                if size_of_val(recorder) > 0 {
                    self.handle.get_or_init(|| register(recorder, &self.key(), &METADATA));
                }
            });
        }
        self.handle.get()
    }

    fn key(&self) -> Key {
        let subject = match self.subject {
            // No function is called by an empty name: these are calls that are not counted.
            Subject::Store | Subject::Function("") => None,
            Subject::Function(name) => Some(("cache.function", name)),
            Subject::Outbox(name) => Some(("cache.outbox", name)),
        };
        let labels = subject.into_iter().chain(self.labels.iter().copied());
        let labels = labels.map(|(name, value)| Label::from_static_parts(name, value));
        Key::from_parts(self.metric.name, labels.collect::<Vec<_>>())
    }

    fn described(&self) -> (metrics::KeyName, Option<metrics::Unit>, metrics::SharedString) {
        let unit = match self.metric.unit {
            Unit::Count => metrics::Unit::Count,
            Unit::Seconds => metrics::Unit::Seconds,
            Unit::Bytes => metrics::Unit::Bytes,
        };
        (self.metric.name.into(), Some(unit), self.metric.what.into())
    }
}

static METADATA: Metadata<'static> =
    Metadata::new("cache_runtime", Level::INFO, Some(module_path!()));

/// A counter that follows a growing number.
#[derive(Debug)]
pub(crate) struct CounterSeries {
    series: Series<Counter>,
    /// The part of the number that was reported.
    reported: AtomicU64,
}

impl CounterSeries {
    pub(crate) fn new(metric: &'static Metric, subject: Subject, labels: Labels) -> Self {
        CounterSeries { series: Series::new(metric, subject, labels), reported: AtomicU64::new(0) }
    }

    /// Reports by how much `number` has grown. Whoever increments the number calls this afterwards. So everything is
    /// reported exactly once, however the calls interleave.
    pub(crate) fn catch_up(&self, number: &AtomicU64) {
        let register = |recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>| {
            let (name, unit, what) = self.series.described();
            recorder.describe_counter(name, unit, what);
            recorder.register_counter(key, metadata)
        };
        if let Some(counter) = self.series.handle(register) {
            let now = number.load(Relaxed);
            let reported = self.reported.fetch_max(now, Relaxed);
            if reported < now {
                counter.increment(now - reported);
            }
        }
    }
}

/// A gauge.
#[derive(Debug)]
pub(crate) struct GaugeSeries(Series<Gauge>);

impl GaugeSeries {
    pub(crate) fn new(metric: &'static Metric, subject: Subject) -> Self {
        GaugeSeries(Series::new(metric, subject, &[]))
    }

    /// Whether the gauge is registered with a recorder.
    pub(crate) fn is_registered(&self) -> bool {
        self.0.handle.get().is_some()
    }

    pub(crate) fn set(&self, value: f64) {
        let register = |recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>| {
            let (name, unit, what) = self.0.described();
            recorder.describe_gauge(name, unit, what);
            recorder.register_gauge(key, metadata)
        };
        if let Some(gauge) = self.0.handle(register) {
            gauge.set(value);
        }
    }
}

/// A histogram of times.
#[derive(Debug)]
pub(crate) struct HistogramSeries(Series<Histogram>);

impl HistogramSeries {
    pub(crate) fn new(metric: &'static Metric, subject: Subject, labels: Labels) -> Self {
        HistogramSeries(Series::new(metric, subject, labels))
    }

    pub(crate) fn record(&self, time: Duration) {
        let register = |recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>| {
            let (name, unit, what) = self.0.described();
            recorder.describe_histogram(name, unit, what);
            recorder.register_histogram(key, metadata)
        };
        if let Some(histogram) = self.0.handle(register) {
            histogram.record(time.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use metrics::{CounterFn, KeyName, SharedString, with_local_recorder};

    use super::*;
    use crate::telemetry::metric;

    /// A recorder that adds up the increments of counters.
    #[derive(Default)]
    struct AddingRecorder(Arc<Sum>);

    #[derive(Default)]
    struct Sum(AtomicU64);

    impl CounterFn for Sum {
        fn increment(&self, value: u64) {
            self.0.fetch_add(value, Relaxed);
        }

        fn absolute(&self, _: u64) {}
    }

    impl Recorder for AddingRecorder {
        fn describe_counter(&self, _: KeyName, _: Option<metrics::Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<metrics::Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<metrics::Unit>, _: SharedString) {}

        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(Arc::clone(&self.0))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn each_count_is_reported_once_from_any_thread_and_to_a_late_recorder() {
        let count = || CounterSeries::new(&metric::LOADS, Subject::Function("loads"), &[]);
        let (recorder, count, number) = (AddingRecorder::default(), count(), AtomicU64::new(0));
        let add = |times: u64| {
            for _ in 0..times {
                number.fetch_add(1, Relaxed);
                count.catch_up(&number);
            }
        };
        add(5);
        assert_eq!(recorder.0.0.load(Relaxed), 0, "no recorder is installed yet");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| with_local_recorder(&recorder, || add(10_000)));
                scope.spawn(|| add(10_000));
            }
        });
        assert_eq!(recorder.0.0.load(Relaxed), 80_005);
    }
}
