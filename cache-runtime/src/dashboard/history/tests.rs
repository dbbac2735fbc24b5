//! The sums of the ring stay right when samples fall out of it.

use proptest::prelude::*;

use super::*;

/// Readings of counters that grow by these numbers in each sample.
fn readings(growth: &[Vec<[u64; 2]>]) -> Vec<Reading> {
    let mut rows: Vec<[u64; 2]> = Vec::new();
    let grow = growth.iter().map(|step| {
        for (at, more) in step.iter().enumerate() {
            if rows.len() <= at {
                rows.push([0; 2]);
            }
            rows[at][0] += more[0] + more[1];
            rows[at][1] += more[1];
        }
        let sum = |at: usize| rows.iter().map(|row| row[at]).sum::<u64>();
        let mut counts = Counts::default();
        counts.0[..5].copy_from_slice(&[sum(0), sum(1), sum(0) - sum(1), 0, sum(0)]);
        Reading {
            counts,
            functions: (0..).zip(&rows).map(|(n, row)| (format!("f{n}"), *row)).collect(),
            ..Reading::default()
        }
    });
    grow.collect()
}

fn assert_sums(history: &History, last: &Reading) {
    let mut sum = *history.before();
    history.samples().for_each(|sample| sum.add(&sample.counts));
    assert_eq!(sum, last.counts, "the counts before, and all samples");
    for (name, calls) in &last.functions {
        let row = &history.functions[name];
        let sums = |at: usize| row.sums.iter().map(|n| n[at]).sum::<u64>();
        assert_eq!([0, 1].map(|at| row.before[at] + sums(at)), *calls, "{name}");
        assert!(row.sums.len() <= SAMPLES / SAMPLES_PER_SUM as usize);
    }
    assert!(history.samples().len() <= SAMPLES && history.times.len() <= RECENT + 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is counted in which sample, and however many samples have fallen out of the ring.
    #[test]
    fn sums_are_the_counters(
        growth in prop::collection::vec(
            prop::collection::vec(prop::array::uniform2(0u64..50), 0..4), 1..900),
    ) {
        let readings = readings(&growth);
        let mut history = History::new(readings[0].clone());
        assert_sums(&history, &readings[0]);
        for reading in &readings[1..] {
            history.push(Duration::from_secs(1), reading.clone());
        }
        let last = &readings[readings.len() - 1];
        assert_sums(&history, last);
        prop_assert_eq!(history.samples().len(), (readings.len() - 1).min(SAMPLES));
        prop_assert_eq!(history.first() as usize + history.samples().len(), readings.len() - 1);
    }
}

#[test]
fn the_recent_window_has_sixty_samples_and_the_latest_has_ten() {
    let growth: Vec<_> = (0..200).map(|n| vec![[n, 2 * n]]).collect();
    let readings = readings(&growth);
    let mut history = History::new(readings[0].clone());
    for reading in &readings[1..] {
        history.push(Duration::from_millis(1001), reading.clone());
    }
    for (samples, took) in [(RECENT, 60_060), (LATEST, 10_010)] {
        let window = history.window(samples);
        assert_eq!(window.took, Duration::from_millis(took));
        assert_eq!(window.counts, readings[199].counts.since(&readings[199 - samples].counts));
    }
}

#[test]
fn a_sum_that_shrinks_counts_as_zero() {
    let reading = |requests| {
        let mut reading = Reading::default();
        reading.counts.0[0] = requests;
        reading
    };
    let mut history = History::new(reading(0));
    for requests in [10, 8, 12] {
        history.push(Duration::from_secs(1), reading(requests));
    }
    let counts: Vec<_> = history.samples().map(|sample| sample.counts.at(0)).collect();
    assert_eq!(counts, [10, 0, 2]);
}
