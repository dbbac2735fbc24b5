//! A service that is called while its cache's server is unwell: each operation of a cache as a value, over rows of which
//! every answer can be judged.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt,
    ops::Sub,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use cache_runtime::{Cache, cached, invalidates, write_through};

/// How many rows one batch asks for.
pub const BATCH: u64 = 8;

/// How many rows there are.
const ROWS: u64 = 64;

/// Something that is done through a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A read of a row.
    Read,
    /// The same, by a function that is annotated with `lock`.
    LockedRead,
    /// A write that leaves nothing.
    Invalidate,
    /// A write that leaves its value.
    WriteThrough,
    /// A read of [`BATCH`] rows.
    Batch,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 5] = [
        Operation::Read,
        Operation::LockedRead,
        Operation::Invalidate,
        Operation::WriteThrough,
        Operation::Batch,
    ];

    /// Whether it changes the row.
    pub fn writes(self) -> bool {
        matches!(self, Operation::Invalidate | Operation::WriteThrough)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Read => "read",
            Operation::LockedRead => "locked read",
            Operation::Invalidate => "invalidate",
            Operation::WriteThrough => "write-through",
            Operation::Batch => "batch",
        })
    }
}

/// Rows that are a version each, in a source that answers at once, and the cache through which they are asked for.
#[derive(Debug)]
pub struct Service {
    cache: Cache,
    rows: Vec<Row>,
    loads: AtomicU64,
    calls: AtomicU64,
    stale: AtomicU64,
    wrong: AtomicU64,
}

#[derive(Debug, Default)]
struct Row {
    version: AtomicU64,
    /// The newest version of which a writer has been told that it is written.
    acknowledged: AtomicU64,
}

/// What has been seen of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Calls that were answered.
    pub calls: u64,
    /// Queries sent to the source: one for a row, or for a batch.
    pub loads: u64,
    /// Answers that were older than a write of this process that had been acknowledged before the call.
    pub stale: u64,
    /// Answers that never were in the source.
    pub wrong: u64,
}

/// What the source can fail with. It never does, so an error would be the cache's.
type Answer<T> = Result<T, Infallible>;

impl Service {
    /// A service over `cache`.
    pub fn new(cache: Cache) -> Service {
        Service {
            cache,
            rows: (0..ROWS).map(|_| Row::default()).collect(),
            loads: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
        }
    }

    /// Its cache.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// What has been seen so far.
    pub fn seen(&self) -> Seen {
        let [calls, loads, stale, wrong] =
            [&self.calls, &self.loads, &self.stale, &self.wrong].map(|n| n.load(Ordering::SeqCst));
        Seen { calls, loads, stale, wrong }
    }

    /// Does `operation` on a row (a batch: on it and those after it), judges the answer, and says how long it took.
    pub async fn call(&self, operation: Operation, row: u64) -> Duration {
        let rows: Vec<u64> = match operation {
            Operation::Batch => (row..row + BATCH).collect(),
            _ => vec![row],
        };
        let floors: Vec<u64> = rows.iter().map(|&row| self.floor(row)).collect();
        let began = Instant::now();
        let answers = match operation {
            Operation::Read => self.row(row).await.map(|version| vec![version]),
            Operation::LockedRead => self.locked(row).await.map(|version| vec![version]),
            Operation::Invalidate => self.write(row).await.map(|version| vec![version]),
            Operation::WriteThrough => self.put(row).await.map(|version| vec![version]),
            Operation::Batch => {
                let found = self.many(&rows).await;
                found.map(|found| rows.iter().map(|row| found[row]).collect())
            }
        };
        let took = began.elapsed();
        let Ok(answers) = answers;
        for ((row, floor), version) in rows.into_iter().zip(floors).zip(answers) {
            self.judge(row, floor, version);
            if operation.writes() {
                self.rows[row as usize].acknowledged.fetch_max(version, Ordering::SeqCst);
            }
        }
        self.calls.fetch_add(1, Ordering::SeqCst);
        took
    }

    fn judge(&self, row: u64, floor: u64, version: u64) {
        let newest = self.rows[row as usize].version.load(Ordering::SeqCst);
        self.stale.fetch_add(u64::from(version < floor), Ordering::SeqCst);
        self.wrong.fetch_add(u64::from(version > newest), Ordering::SeqCst);
    }

    /// The least that a call that begins now may be answered.
    fn floor(&self, row: u64) -> u64 {
        self.rows[row as usize].acknowledged.load(Ordering::SeqCst)
    }

    #[cached(key = "row:<row>", ttl = 3600, cache = self.cache, name = "read")]
    async fn row(&self, row: u64) -> Answer<u64> {
        Ok(self.query(&[row])[&row])
    }

    #[cached(key = "row:<row>", ttl = 3600, lock, cache = self.cache, name = "locked")]
    async fn locked(&self, row: u64) -> Answer<u64> {
        Ok(self.query(&[row])[&row])
    }

    #[cached(key = "row:<rows>", each = rows, ttl = 3600, cache = self.cache, name = "batch")]
    async fn many(&self, rows: &[u64]) -> Answer<HashMap<u64, u64>> {
        Ok(self.query(rows))
    }

    #[invalidates("row:<row>", cache = self.cache, name = "invalidate")]
    async fn write(&self, row: u64) -> Answer<u64> {
        Ok(self.commit(row))
    }

    #[write_through(key = "row:<row>", ttl = 3600, cache = self.cache, name = "put")]
    async fn put(&self, row: u64) -> Answer<u64> {
        Ok(self.commit(row))
    }

    fn query(&self, rows: &[u64]) -> HashMap<u64, u64> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let version = |row: u64| self.rows[row as usize].version.load(Ordering::SeqCst);
        rows.iter().map(|&row| (row, version(row))).collect()
    }

    fn commit(&self, row: u64) -> u64 {
        self.rows[row as usize].version.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Sub for Seen {
    type Output = Seen;

    /// What has been seen since.
    fn sub(self, before: Seen) -> Seen {
        Seen {
            calls: self.calls - before.calls,
            loads: self.loads - before.loads,
            stale: self.stale - before.stale,
            wrong: self.wrong - before.wrong,
        }
    }
}
