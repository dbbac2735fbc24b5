//! Counters for each annotated function, and their snapshot.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// The live counters of one function on one cache.
        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)*
        }

        /// What one function has done on one cache since that was built.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        #[non_exhaustive]
        pub struct FunctionStats {
            /// The function's name: `module::Type::function`, or what `name = "…"` says.
            pub name: String,
            $($(#[$meta])* pub $name: u64,)*
        }

        impl Counters {
            fn snapshot(&self, name: &str) -> FunctionStats {
                FunctionStats { name: name.to_owned(), $($name: self.$name.get(),)* }
            }
        }

        impl FunctionStats {
            fn add(&mut self, other: &FunctionStats) {
                $(self.$name += other.$name;)*
            }
        }
    };
}

counters! {
    /// Calls answered by a value in the store.
    hits,
    /// Calls answered by a remembered `None`.
    negative_hits,
    /// Calls that found no value in the store at first, whatever answered them then.
    misses,
    /// Calls that ran the function's body.
    loads,
    /// Runs of the body that returned `Err`.
    load_failures,
    /// Calls answered by another call's load in the same process.
    coalesced,
    /// Calls that waited for another process's load (with `lock`).
    lock_waits,
    /// Loaded values that were not stored, because a write came between.
    superseded,
    /// Operations on the store that failed or came too late.
    store_errors,
    /// Entries that could not be read: foreign bytes, another codec, another type.
    undecodable,
    /// Values that could not be written in the codec.
    unencodable,
    /// Values that were not stored because they are larger than `max_bytes`.
    too_large,
    /// Calls answered by a value that had expired (`stale_while_revalidate`, `stale_if_error`, `soft_timeout`).
    stale_hits,
    /// Loads in the background, of values that had expired or were about to.
    refreshes,
    /// Hits that were loaded anew to compare, by `audit`.
    audits,
    /// Audited hits where the cache held something else than the source, and no write explains it.
    stale_detected,
    /// Calls that went past the cache, by `when`.
    bypassed,
    /// Keys that were invalidated (a writer's keys, one by one).
    invalidations,
    /// Writes that were refused before they began, by `on_unavailable = "error"`.
    refused,
    /// Writes that were accepted to be written behind.
    queued,
    /// Writes that were written behind: they are in the database.
    flushed,
    /// Writes that a later one of their key replaced before they were flushed.
    replaced,
    /// Runs of a batch function that succeeded.
    batches,
    /// Runs of a batch function that failed.
    batch_failures,
    /// Writes that the database did not take, and that became dead letters.
    dead_letters,
}

/// A number that only grows. It orders nothing, so relaxed will do.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add_one(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl FunctionStats {
    /// The part of the calls that the store answered, between 0 and 1; 0 where there were none. A value that had
    /// expired counts, if it was served without a load.
    pub fn hit_rate(&self) -> f64 {
        let hits = self.hits + self.negative_hits + self.stale_hits;
        let calls = hits + self.misses;
        if calls == 0 { 0.0 } else { hits as f64 / calls as f64 }
    }
}

/// The counters of one cache, by function name.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    functions: RwLock<BTreeMap<&'static str, Arc<Counters>>>,
}

impl Registry {
    pub(crate) fn counters(&self, name: &'static str) -> Arc<Counters> {
        let functions = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = functions.get(name) {
            return Arc::clone(counters);
        }
        drop(functions);
        let mut functions = self.functions.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(functions.entry(name).or_default())
    }

    pub(crate) fn snapshot(&self) -> Stats {
        let functions = self.functions.read().unwrap_or_else(PoisonError::into_inner);
        Stats { functions: functions.iter().map(|(name, c)| c.snapshot(name)).collect() }
    }
}

/// What the functions on one cache have done, each under its name.
///
/// It prints as a table and serialises with serde. Counters are read one by one while others go on
/// counting, so sums can be off by the calls under way.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use cache_runtime::{Cache, Policy};
///
/// const ANSWERS: Policy = Policy::ttl(60).name("answers");
///
/// let cache = Cache::in_memory();
/// for _ in 0..4 {
///     let answer = cache.get_or_load("answer", &ANSWERS, || async { Ok::<_, String>(42) }).await;
///     assert_eq!(answer, Ok(42));
/// }
/// let stats = cache.stats();
/// assert_eq!(stats.function("answers").unwrap().hit_rate(), 0.75);
/// println!("{stats}");
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// One row for each function that was called, in the order of their names.
    pub functions: Vec<FunctionStats>,
}

impl Stats {
    /// The row of one function.
    pub fn function(&self, name: &str) -> Option<&FunctionStats> {
        self.functions.iter().find(|f| f.name == name)
    }

    /// The sum of all rows, under the name `total`.
    pub fn total(&self) -> FunctionStats {
        let mut total = FunctionStats { name: "total".to_owned(), ..Default::default() };
        self.functions.iter().for_each(|f| total.add(f));
        total
    }
}

impl fmt::Display for Stats {
    /// A table. Columns in which all is zero are left out, but for the three that everybody looks for.
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
        Ok(())
    }
}

/// What the table shows; the rest is in the fields.
const COLUMNS: [&str; 18] = [
    "hits",
    "misses",
    "loads",
    "negative",
    "stale",
    "refreshed",
    "failed",
    "shared",
    "waited",
    "superseded",
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
            self.negative_hits,
            self.stale_hits,
            self.refreshes,
            self.load_failures,
            self.coalesced,
            self.lock_waits,
            self.superseded,
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
