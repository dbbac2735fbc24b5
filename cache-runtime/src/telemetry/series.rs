//! Series of the `metrics` facade, each with a handle that is asked for once.
//!
//! A program may install its recorder after its first call, and until then there is only one that forgets. So a
//! handle is kept only once there is another; a counter then tells all that it has counted so far.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, with_recorder};

use super::metric::{Labels, Metric, Unit};

/// What a series is of, and its handle. The function is empty where the series is of none.
#[derive(Debug)]
struct Series<H> {
    metric: &'static Metric,
    function: &'static str,
    labels: Labels,
    handle: OnceLock<H>,
}

impl<H> Series<H> {
    fn new(metric: &'static Metric, function: &'static str, labels: Labels) -> Self {
        Series { metric, function, labels, handle: OnceLock::new() }
    }

    /// The handle, if there is a recorder.
    fn handle(&self, register: impl FnOnce(&dyn Recorder, &Key, &Metadata<'_>) -> H) -> Option<&H> {
        if self.handle.get().is_none() {
            with_recorder(|recorder| {
                // The one that stands in for a recorder that is not installed yet has nothing to count in.
                if size_of_val(recorder) > 0 {
                    self.handle.get_or_init(|| register(recorder, &self.key(), &METADATA));
                }
            });
        }
        self.handle.get()
    }

    fn key(&self) -> Key {
        let function = Some(("cache.function", self.function)).filter(|(_, name)| !name.is_empty());
        let labels = function.into_iter().chain(self.labels.iter().copied());
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

/// A counter that follows a number which only grows.
#[derive(Debug)]
pub(crate) struct CounterSeries {
    series: Series<Counter>,
    /// How much of the number the recorder knows.
    told: AtomicU64,
}

impl CounterSeries {
    pub(crate) fn new(metric: &'static Metric, function: &'static str, labels: Labels) -> Self {
        CounterSeries { series: Series::new(metric, function, labels), told: AtomicU64::new(0) }
    }

    /// Tells the recorder by how much `number` has grown. Whoever has grown it calls this after that, so that however
    /// the calls interleave, all of it is told, and none of it twice.
    pub(crate) fn catch_up(&self, number: &AtomicU64) {
        let register = |recorder: &dyn Recorder, key: &Key, metadata: &Metadata<'_>| {
            let (name, unit, what) = self.series.described();
            recorder.describe_counter(name, unit, what);
            recorder.register_counter(key, metadata)
        };
        if let Some(counter) = self.series.handle(register) {
            let now = number.load(Relaxed);
            let told = self.told.fetch_max(now, Relaxed);
            if told < now {
                counter.increment(now - told);
            }
        }
    }
}

/// A gauge.
#[derive(Debug)]
pub(crate) struct GaugeSeries(Series<Gauge>);

impl GaugeSeries {
    pub(crate) fn new(metric: &'static Metric) -> Self {
        GaugeSeries(Series::new(metric, "", &[]))
    }

    /// Whether the recorder knows it.
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
    pub(crate) fn new(metric: &'static Metric, function: &'static str, labels: Labels) -> Self {
        HistogramSeries(Series::new(metric, function, labels))
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

    /// Adds up what it is told.
    #[derive(Default)]
    struct Adding(Arc<Sum>);

    #[derive(Default)]
    struct Sum(AtomicU64);

    impl CounterFn for Sum {
        fn increment(&self, value: u64) {
            self.0.fetch_add(value, Relaxed);
        }

        fn absolute(&self, _: u64) {}
    }

    impl Recorder for Adding {
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
    fn each_count_is_told_once_whoever_tells_it_and_whenever_the_recorder_comes() {
        let count = || CounterSeries::new(&metric::LOADS, "loads", &[]);
        let (recorder, count, number) = (Adding::default(), count(), AtomicU64::new(0));
        let add = |times: u64| {
            for _ in 0..times {
                number.fetch_add(1, Relaxed);
                count.catch_up(&number);
            }
        };
        add(5);
        assert_eq!(recorder.0.0.load(Relaxed), 0, "there is none yet");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| with_local_recorder(&recorder, || add(10_000)));
                scope.spawn(|| add(10_000));
            }
        });
        assert_eq!(recorder.0.0.load(Relaxed), 80_005);
    }
}
