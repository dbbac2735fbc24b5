//! The tables that the program prints, and the same as JSON.

use std::fmt;

use cache_runtime::Stats;
use serde::Serialize;

use crate::{
    calls::{Cost, FirstCalls, Stampede},
    format::{bars, duration, grouped, queries},
    ideal::Ideal,
    options::Options,
    replay::Outcome,
    workload::Workload,
};

/// All that was measured.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) store: String,
    pub(crate) first_calls: FirstCalls,
    pub(crate) stampede: Stampede,
    pub(crate) workload: Comparison,
    pub(crate) stats: Stats,
}

impl Report {
    pub(crate) fn stale_reads(&self) -> u64 {
        self.workload.with_cache.stale_reads
    }
}

/// One workload, sent without the cache and with it.
#[derive(Serialize)]
pub(crate) struct Comparison {
    /// Where the requests come from.
    pub(crate) source: String,
    pub(crate) tasks: u32,
    pub(crate) users: u32,
    pub(crate) reads: u64,
    pub(crate) updates: u64,
    pub(crate) without_cache: Outcome,
    pub(crate) with_cache: Outcome,
    pub(crate) ideal: Ideal,
    /// Which part of the queries the cache saved, and which part the ideal one would have.
    pub(crate) saved: f64,
    pub(crate) ideal_saved: f64,
    /// Reads of the database, as a multiple of the ideal cache's.
    pub(crate) times_ideal: f64,
}

impl Comparison {
    pub(crate) fn new(
        options: &Options,
        workload: &Workload,
        without_cache: Outcome,
        with_cache: Outcome,
        ideal: Ideal,
    ) -> Self {
        let all = without_cache.queries() as f64;
        let of_ideal = ideal.selects + with_cache.updates;
        Comparison {
            source: options.source(),
            tasks: options.tasks,
            users: workload.users,
            reads: workload.reads,
            updates: workload.updates,
            saved: 1.0 - with_cache.queries() as f64 / all,
            ideal_saved: 1.0 - of_ideal as f64 / all,
            times_ideal: with_cache.selects as f64 / ideal.selects as f64,
            without_cache,
            with_cache,
            ideal,
        }
    }
}

impl fmt::Display for FirstCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        cost(f, "a call for a user", &self.cold)?;
        writeln!(f)?;
        cost(f, "the same call again", &self.warm)
    }
}

impl fmt::Display for Stampede {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let callers = grouped(self.callers);
        cost(f, &format!("{callers} calls at once, no cache"), &self.without_cache)?;
        writeln!(f)?;
        cost(f, &format!("{callers} calls at once, cached"), &self.with_cache)
    }
}

fn cost(f: &mut fmt::Formatter<'_>, name: &str, cost: &Cost) -> fmt::Result {
    let (queries, elapsed) = (queries(cost.queries), duration(cost.elapsed));
    write!(f, "   {name:<30} {queries:>16} {elapsed:>12}")
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [reads, updates, users] =
            [self.reads, self.updates, u64::from(self.users)].map(grouped);
        let Comparison { source, tasks, .. } = self;
        writeln!(
            f,
            "{reads} reads and {updates} updates of {users} users ({source}; {tasks} tasks)\n"
        )?;
        let (without, with) = (&self.without_cache, &self.with_cache);
        let ideal = grouped(self.ideal.selects);
        let at_least = if self.ideal.exact { "" } else { "≥ " };
        row(f, "", ["without cache", "with cache", "ideal cache"])?;
        row(
            f,
            "SELECT sent",
            [&grouped(without.selects), &grouped(with.selects), &format!("{at_least}{ideal}")],
        )?;
        let updates = [without.updates, with.updates, with.updates].map(grouped);
        row(f, "UPDATE sent", updates.each_ref().map(String::as_str))?;
        let stale = [without.stale_reads, with.stale_reads].map(grouped);
        row(f, "stale reads", [&stale[0], &stale[1], "0"])?;
        let elapsed = [without.elapsed, with.elapsed].map(duration);
        row(f, "time", [&elapsed[0], &elapsed[1], "-"])?;
        let rates = &with.hit_rates;
        let [first, last] = [rates.first(), rates.last()].map(|rate| 100.0 * rate.unwrap_or(&0.0));
        writeln!(f, "   {:<14} {} {first:.0} to {last:.0} %", "hits over time", bars(rates))?;
        writeln!(
            f,
            "\n   {:.1} % fewer queries; a cache that knows what comes would save {:.1} %.",
            100.0 * self.saved,
            100.0 * self.ideal_saved,
        )?;
        if with.elapsed > without.elapsed {
            writeln!(f, "   {LOCAL}")?;
        }
        Ok(())
    }
}

/// Said where the cache saved no time.
const LOCAL: &str = "It took no less time: this database is in the process, and answers at once.";

fn row(f: &mut fmt::Formatter<'_>, name: &str, cells: [&str; 3]) -> fmt::Result {
    let [without, with, ideal] = cells;
    writeln!(f, "   {name:<14} {without:>14} {with:>14} {ideal:>14}")
}
