//! What has been counted: requests, their times, failures and stale reads, for each phase.

use std::{fmt::Write, time::Duration};

#[derive(Clone, Default)]
struct Phase {
    times: Vec<Duration>,
    failed: usize,
    stale: usize,
}

pub(crate) struct Tally {
    phases: Vec<Phase>,
    /// The first few failures and stale reads, in words.
    examples: Vec<String>,
}

impl Tally {
    pub(super) fn new(phases: usize) -> Tally {
        Tally { phases: vec![Phase::default(); phases], examples: Vec::new() }
    }

    pub(super) fn answered(&mut self, phase: usize, took: Duration) {
        self.phases[phase].times.push(took);
    }

    pub(super) fn fail(&mut self, phase: usize, what: String) {
        self.phases[phase].failed += 1;
        self.examples.push(format!("failed in phase {phase}: {what}"));
    }

    pub(super) fn found_stale(&mut self, phase: usize, what: String) {
        self.phases[phase].stale += 1;
        self.examples.push(format!("stale in phase {phase}: {what}"));
    }

    pub(super) fn add(&mut self, other: Tally) {
        for (phase, more) in self.phases.iter_mut().zip(other.phases) {
            phase.times.extend(more.times);
            phase.failed += more.failed;
            phase.stale += more.stale;
        }
        self.examples.extend(other.examples);
    }

    pub(crate) fn requests(&self, phase: usize) -> usize {
        self.phases[phase].times.len()
    }

    pub(crate) fn failed(&self) -> usize {
        self.phases.iter().map(|phase| phase.failed).sum()
    }

    pub(crate) fn stale(&self) -> usize {
        self.phases.iter().map(|phase| phase.stale).sum()
    }

    pub(crate) fn examples(&self) -> &[String] {
        &self.examples[..self.examples.len().min(10)]
    }

    /// For people.
    pub(super) fn table(&self, names: &[&str], lasted: &[Duration]) -> String {
        let mut table = format!(
            "{:<20} {:>6} {:>9} {:>9} {:>8} {:>8} {:>8} {:>6} {:>6}\n",
            "phase", "s", "requests", "per s", "p50 ms", "p99 ms", "max ms", "failed", "stale"
        );
        for ((name, lasted), phase) in names.iter().zip(lasted).zip(&self.phases) {
            let mut times = phase.times.clone();
            times.sort_unstable();
            let at = |part: f64| {
                let last = times.len().saturating_sub(1);
                let time = times.get((last as f64 * part) as usize);
                time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
            };
            let (seconds, requests) = (lasted.as_secs_f64(), times.len());
            let rate = requests as f64 / seconds;
            let _: std::fmt::Result = writeln!(
                table,
                "{name:<20} {seconds:>6.1} {requests:>9} {rate:>9.0} {:>8.1} {:>8.1} {:>8.1} {:>6} {:>6}",
                at(0.5),
                at(0.99),
                at(1.0),
                phase.failed,
                phase.stale
            );
        }
        table
    }
}
