//! Prints statistics as a table.

use std::fmt;

use super::{Breaker, FunctionStats, Stats, StoreStats};

impl fmt::Display for Stats {
    /// A table, and a line each about values that were not stored, a remote store, and outboxes. Columns of zeros are omitted, except for the first three.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let shown: Vec<usize> =
            (0..COLUMNS.len()).filter(|&at| at < ALWAYS || total.columns()[at] > 0).collect();
        let mut table = vec![title(&shown)];
        table.extend(self.functions.iter().map(|function| function.row(&shown)));
        table.push(total.row(&shown));
        let width = |column: usize| table.iter().map(|row| row[column].chars().count()).max();
        let widths: Vec<usize> = (0..table[0].len()).filter_map(width).collect();
        for row in &table {
            write!(f, "{:<1$}", row[0], widths[0])?;
            for (cell, width) in row.iter().zip(&widths).skip(1) {
                write!(f, "  {cell:>width$}")?;
            }
            writeln!(f)?;
        }
        for FunctionStats { name, not_stored, .. } in &self.functions {
            if not_stored.total() > 0 {
                writeln!(f, "not stored by {name}: {not_stored}")?;
            }
        }
        if self.store.time.count > 0 {
            writeln!(f, "{}", self.store)?;
        }
        self.outboxes.iter().try_for_each(|outbox| writeln!(f, "{outbox}"))
    }
}

/// The columns of the table. Other statistics are only in the fields.
const COLUMNS: [&str; 20] = [
    "hits",
    "misses",
    "loads",
    "local",
    "negative",
    "stale",
    "refreshed",
    "failed",
    "shared",
    "waited",
    "superseded",
    "not stored",
    "errors",
    "invalidated",
    "refused",
    "queued",
    "flushed",
    "replaced",
    "batches",
    "dead",
];

/// How many of the columns are always shown.
const ALWAYS: usize = 3;

fn title(shown: &[usize]) -> Vec<String> {
    let columns = shown.iter().map(|&at| COLUMNS[at]);
    ["function", "hit rate"].into_iter().chain(columns).map(str::to_owned).collect()
}

impl FunctionStats {
    /// The values under [`COLUMNS`].
    fn columns(&self) -> [u64; COLUMNS.len()] {
        [
            self.hits,
            self.misses,
            self.loads,
            self.local_hits,
            self.negative_hits,
            self.stale_hits,
            self.refreshes,
            self.load_failures,
            self.coalesced,
            self.lock_waits,
            self.superseded,
            self.not_stored.total(),
            self.store_errors,
            self.invalidations,
            self.refused,
            self.queued,
            self.flushed,
            self.replaced,
            self.batches,
            self.dead_letters,
        ]
    }

    /// A row of the table. A function that only writes has no hit rate.
    fn row(&self, shown: &[usize]) -> Vec<String> {
        let reads = self.hits + self.negative_hits + self.stale_hits + self.misses;
        let rate = match reads {
            0 => "-".to_owned(),
            _ => format!("{:.2} %", self.hit_rate() * 100.0),
        };
        let values = self.columns();
        let cells = shown.iter().map(|&at| values[at].to_string());
        [self.name.clone(), rate].into_iter().chain(cells).collect()
    }
}

impl fmt::Display for StoreStats {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreStats { kind, operations, failures, rejected, time, .. } = self;
        let breaker = match self.breaker {
            Breaker::Closed => "closed",
            Breaker::Open => "open",
            Breaker::HalfOpen => "half open",
        };
        write!(
            f,
            "{kind}: {operations} operations, {failures} failed, {rejected} not tried; {} µs at p50, {} at p99; \
             breaker {breaker}",
            time.p50_us, time.p99_us
        )?;
        if self.copies > 0 {
            write!(f, "; {} local copies of {} KiB", self.copies, self.copy_bytes >> 10)?;
        }
        match self.pending_invalidations {
            0 => Ok(()),
            pending => write!(f, "; {pending} pending invalidations"),
        }
    }
}
