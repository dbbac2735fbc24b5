//! Latencies: a histogram of fixed size, which is recorded without a lock and read as quantiles.
//!
//! Buckets are linear up to 16 µs. Above that there are sixteen for each power of two, so that a quantile is off by at
//! most 1/32. The last bucket begins at 4 minutes.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde::Serialize;

/// The number of buckets for each power of two, and of the linear buckets of one microsecond below them.
const STEPS: usize = 16;

/// The first power of two with buckets of its own, and the first without.
const FIRST: u32 = STEPS.ilog2();
const LAST: u32 = 28;

const BUCKETS: usize = STEPS + STEPS * (LAST - FIRST) as usize;

/// Records times. It allocates 3 KiB when the first time is recorded.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    histogram: OnceLock<Box<Histogram>>,
}

#[derive(Debug)]
struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
    longest: AtomicU64,
}

impl Timer {
    pub(crate) fn record(&self, time: Duration) {
        let histogram = self.histogram.get_or_init(|| {
            Box::new(Histogram {
                buckets: [const { AtomicU64::new(0) }; BUCKETS],
                nanoseconds: AtomicU64::new(0),
                longest: AtomicU64::new(0),
            })
        });
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let microseconds = nanoseconds / 1000;
        histogram.buckets[bucket(microseconds)].fetch_add(1, Relaxed);
        histogram.nanoseconds.fetch_add(nanoseconds, Relaxed);
        // A plain load is cheaper than `fetch_max`, which is seldom needed.
        if histogram.longest.load(Relaxed) < microseconds {
            histogram.longest.fetch_max(microseconds, Relaxed);
        }
    }

    pub(crate) fn snapshot(&self) -> Latency {
        let Some(histogram) = self.histogram.get() else { return Latency::default() };
        let counts = histogram.buckets.iter().map(|bucket| bucket.load(Relaxed));
        let buckets = (0..).zip(counts).filter(|(_, count)| *count > 0).collect();
        Latency {
            sum_us: histogram.nanoseconds.load(Relaxed) / 1000,
            max_us: histogram.longest.load(Relaxed),
            buckets,
            ..Latency::default()
        }
        .with_quantiles()
    }
}

/// Latencies in microseconds.
///
/// Quantiles come from a histogram and are off by at most 3 %. Everything else is exact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// The number of recorded times.
    pub count: u64,
    /// The sum of all times.
    pub sum_us: u64,
    /// The median.
    pub p50_us: u64,
    /// The 95th percentile.
    pub p95_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The longest time.
    pub max_us: u64,
    /// The count of each non-empty bucket, from which sums get their quantiles.
    #[serde(skip)]
    buckets: Vec<(u16, u64)>,
}

impl Latency {
    /// The average time, in microseconds; 0 where none was recorded.
    pub fn mean_us(&self) -> u64 {
        self.sum_us.checked_div(self.count).unwrap_or(0)
    }

    pub(super) fn add(&mut self, other: &Latency) {
        self.sum_us += other.sum_us;
        self.max_us = self.max_us.max(other.max_us);
        for &(bucket, count) in &other.buckets {
            match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
                Ok(at) => self.buckets[at].1 += count,
                Err(at) => self.buckets.insert(at, (bucket, count)),
            }
        }
        *self = std::mem::take(self).with_quantiles();
    }

    /// The times that were recorded since `earlier`, an older snapshot of the same histogram. The longest time is only
    /// as exact as its bucket.
    #[cfg(feature = "dashboard")]
    pub(crate) fn since(&self, earlier: &Latency) -> Latency {
        let before = |bucket: u16| {
            let at = earlier.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket);
            at.map_or(0, |at| earlier.buckets[at].1)
        };
        let grown = self.buckets.iter().map(|&(at, count)| (at, count.saturating_sub(before(at))));
        let buckets: Vec<_> = grown.filter(|(_, count)| *count > 0).collect();
        let longest = buckets.last().map_or(0, |(bucket, _)| middle(*bucket));
        Latency {
            sum_us: self.sum_us.saturating_sub(earlier.sum_us),
            max_us: longest.min(self.max_us),
            buckets,
            ..Latency::default()
        }
        .with_quantiles()
    }

    /// These times, with the count and the quantiles computed from the buckets.
    fn with_quantiles(self) -> Latency {
        let count = self.buckets.iter().map(|(_, count)| count).sum();
        Latency {
            count,
            p50_us: self.quantile(count, 50),
            p95_us: self.quantile(count, 95),
            p99_us: self.quantile(count, 99),
            ..self
        }
    }

    /// The time that `percent` percent of the recorded times do not exceed.
    fn quantile(&self, count: u64, percent: u64) -> u64 {
        let mut left = (count * percent).div_ceil(100);
        for &(bucket, count) in &self.buckets {
            if left <= count {
                return middle(bucket).min(self.max_us);
            }
            left -= count;
        }
        self.max_us
    }
}

/// The bucket of a time in microseconds.
fn bucket(microseconds: u64) -> usize {
    let power = microseconds.checked_ilog2().unwrap_or(0);
    if power < FIRST {
        return microseconds as usize;
    }
    if power >= LAST {
        return BUCKETS - 1;
    }
    let step = microseconds as usize >> (power - FIRST);
    (power - FIRST) as usize * STEPS + step
}

/// The time in the middle of a bucket, in microseconds.
fn middle(bucket: u16) -> u64 {
    let (power, step) = (usize::from(bucket) / STEPS, usize::from(bucket) % STEPS);
    let Some(power) = power.checked_sub(1) else { return step as u64 };
    (((STEPS + step) << power) + ((1 << power) >> 1)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(times: impl IntoIterator<Item = u64>) -> Latency {
        let timer = Timer::default();
        times.into_iter().for_each(|time| timer.record(Duration::from_micros(time)));
        timer.snapshot()
    }

    #[test]
    fn each_time_is_near_the_middle_of_its_bucket() {
        let mut last = 0;
        for time in (0..100_000).chain((17..28).map(|power| (1 << power) - 1)).chain([1 << 27]) {
            let bucket = bucket(time);
            assert!(bucket < BUCKETS);
            let off = middle(bucket as u16).abs_diff(time);
            assert!(off * 32 <= time, "{time} is read as {}", middle(bucket as u16));
            assert!(time > 100_000 || bucket >= last, "the buckets are in order");
            last = bucket;
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let latency = recorded(1..=1000);
        assert_eq!((latency.count, latency.sum_us, latency.max_us), (1000, 500_500, 1000));
        assert_eq!(latency.mean_us(), 500);
        for (read, right) in [(latency.p50_us, 500), (latency.p95_us, 950), (latency.p99_us, 990)] {
            assert!(read.abs_diff(right) * 32 <= right, "{read} stands for {right}");
        }
        // One that is alone is all of them.
        let one = recorded([3_000_000]);
        assert_eq!((one.count, one.sum_us, one.max_us), (1, 3_000_000, 3_000_000));
        assert!(one.p50_us.abs_diff(one.p99_us) == 0 && one.p50_us <= one.max_us);
        assert_eq!(recorded([]), Latency::default());
    }

    #[test]
    fn a_sum_has_the_quantiles_of_all_together() {
        let mut sum = recorded(1..=500);
        sum.add(&recorded(501..=1000));
        assert_eq!(sum, recorded(1..=1000));
        sum.add(&Latency::default());
        assert_eq!(sum, recorded(1..=1000));
    }

    #[cfg(feature = "dashboard")]
    #[test]
    fn a_difference_has_the_quantiles_of_what_came_since() {
        let timer = Timer::default();
        (1..=500).for_each(|time| timer.record(Duration::from_micros(time)));
        let earlier = timer.snapshot();
        assert_eq!(earlier.since(&Latency::default()).p99_us, earlier.p99_us);
        assert_eq!(earlier.since(&earlier), Latency::default());
        (100..=200).for_each(|time| timer.record(Duration::from_micros(time)));
        let (since, right) = (timer.snapshot().since(&earlier), recorded(100..=200));
        assert_eq!((since.count, since.sum_us), (right.count, right.sum_us));
        assert_eq!((since.p50_us, since.p99_us), (right.p50_us, right.p99_us));
        assert!(since.max_us.abs_diff(200) * 32 <= 200);
    }

    #[test]
    fn times_shorter_than_a_microsecond_add_up() {
        let timer = Timer::default();
        (0..10).for_each(|_| timer.record(Duration::from_nanos(250)));
        let latency = timer.snapshot();
        assert_eq!((latency.count, latency.sum_us, latency.p99_us), (10, 2, 0));
    }
}
