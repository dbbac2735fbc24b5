//! A service with every strategy over millions of rows, which judges each answer by the writes that had returned before it.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cache_runtime::{Cache, Flusher, cached, invalidates, write_behind, write_through};
use fastrand::Rng;
use serde::{Deserialize, Serialize};

/// How many rows there are.
const ROWS: u64 = 2_000_000;

/// How many of them are asked for half of the time.
const HOT: u64 = 5_000;

/// How many rows share a tag.
const GROUP: u64 = 1_000;

/// How many rows a batch asks for.
const BATCH: u64 = 10;

/// Clones are the same service.
#[derive(Clone)]
pub(crate) struct Service {
    cache: Cache,
    table: Arc<Table>,
}

struct Table {
    rows: Vec<Row>,
    reads: AtomicU64,
    writes: AtomicU64,
    loads: AtomicU64,
    stale: AtomicU64,
    errors: AtomicU64,
    /// Writes behind that were not accepted, since the queue could not be reached.
    refused: AtomicU64,
}

#[derive(Default)]
struct Row {
    version: AtomicU64,
    /// The last version whose writer has returned.
    floor: AtomicU64,
}

/// What is cached of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Copy {
    version: u64,
    text: String,
}

/// A value that is written behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Position {
    id: u64,
    at: u64,
}

fn copy(id: u64, version: u64) -> Copy {
    Copy { version, text: "x".repeat(100 + (id % 400) as usize) }
}

impl Service {
    pub(crate) fn new(cache: Cache) -> Service {
        let [reads, writes, loads, stale, errors, refused] = [(); 6].map(|()| AtomicU64::new(0));
        let rows = (0..ROWS).map(|_| Row::default()).collect();
        let table = Table { rows, reads, writes, loads, stale, errors, refused };
        Service { cache, table: Arc::new(table) }
    }

    fn load(&self, id: u64) -> Copy {
        self.table.loads.fetch_add(1, Ordering::Relaxed);
        copy(id, self.table.rows[id as usize].version.load(Ordering::SeqCst))
    }

    fn commit(&self, id: u64) -> u64 {
        self.table.rows[id as usize].version.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[cached(key = "row:<id>", ttl = 60, cache = self.cache)]
    async fn plain(&self, id: u64) -> Copy {
        self.load(id)
    }

    #[cached(key = "locked:<id>", ttl = 60, lock, jitter = 0.1, cache = self.cache)]
    async fn locked(&self, id: u64) -> Copy {
        self.load(id)
    }

    #[cached(key = "tagged:<id>", ttl = 60, tags = ["group:<group>"], skip(group), compress = lz4, cache = self.cache)]
    async fn tagged(&self, id: u64, group: u64) -> Copy {
        self.load(id)
    }

    #[cached(key = "lenient:<id>", ttl = "1s", stale_if_error = "1m", codec = msgpack, cache = self.cache)]
    async fn lenient(&self, id: u64) -> Result<Copy, Infallible> {
        Ok(self.load(id))
    }

    #[cached(key = "fresh:<id>", ttl = "1s", stale_while_revalidate = "10s", refresh_ahead = 0.8, cache = self.cache)]
    async fn fresh(&self, id: u64) -> Copy {
        self.load(id)
    }

    #[cached(key = "missing:<id>", ttl = 60, negative_ttl = 5, cache = self.cache)]
    async fn missing(&self, id: u64) -> Option<Copy> {
        (id == ROWS).then(|| self.load(0))
    }

    #[cached(key = "row:<ids>", each = ids, ttl = 60, cache = self.cache)]
    async fn many(&self, ids: &[u64]) -> BTreeMap<u64, Copy> {
        ids.iter().map(|&id| (id, self.load(id))).collect()
    }

    #[invalidates("row:<id>", "locked:<id>", "lenient:<id>", "fresh:<id>", tags("group:<group>"), cache = self.cache)]
    async fn write(&self, id: u64, group: u64) -> u64 {
        self.commit(id)
    }

    #[write_through(key = "replaced:<id>", ttl = 60, cache = self.cache)]
    async fn replace(&self, id: u64) -> Copy {
        copy(id, self.commit(id))
    }

    #[cached(key = "replaced:<id>", ttl = 60, cache = self.cache)]
    async fn replaced(&self, id: u64) -> Copy {
        self.load(id)
    }

    #[cached(key = "position:<id>", ttl = 60, cache = self.cache)]
    async fn position(&self, id: u64) -> Position {
        Position { id, at: 0 }
    }

    #[write_behind(queue = "positions", key = "position:<position.id>", ttl = 60, enqueue = accept(position), cache = self.cache)]
    async fn write_all(&self, positions: Vec<Position>) -> Result<(), String> {
        self.table.writes.fetch_add(positions.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// The task that takes what is written behind to the table.
    pub(crate) fn flusher(&self) -> Flusher {
        self.accept_flusher()
    }

    /// One call, of a row that is asked for often or of any row.
    pub(crate) async fn step(&self, random: &mut Rng) {
        // What is replaced has rows of its own: a writer has to tell all keys that show its row.
        let any = if random.bool() { random.u64(..HOT) } else { random.u64(..ROWS) };
        let (id, replaced) = (any / 2 * 2, any / 2 * 2 + 1);
        match random.u32(..100) {
            0..30 => self.judge(id, self.plain(id)).await,
            30..45 => self.judge(id, self.locked(id)).await,
            45..60 => self.judge(id, self.tagged(id, id / GROUP)).await,
            60..68 => self.judge(id, self.fresh(id)).await,
            68..74 => {
                let floor = self.floor(id);
                match self.lenient(id).await {
                    Ok(copy) => self.seen(floor, &copy),
                    Err(never) => match never {},
                }
            }
            74..80 => self.judge(replaced, self.replaced(replaced)).await,
            80..82 => drop(self.missing(ROWS + id).await),
            82..87 => self.read_many(random).await,
            87..92 => {
                let version = self.write(id, id / GROUP).await;
                self.acknowledge(id, version);
            }
            92..97 => {
                let version = self.replace(replaced).await.version;
                self.acknowledge(replaced, version);
            }
            97..99 => {
                let position = Position { id, at: self.table.reads.load(Ordering::Relaxed) };
                if self.accept(&position).await.is_err() {
                    self.table.refused.fetch_add(1, Ordering::Relaxed);
                }
            }
            _ => _ = self.position(id).await,
        }
    }

    async fn read_many(&self, random: &mut Rng) {
        let ids: Vec<u64> = (0..BATCH).map(|_| random.u64(..HOT) / 2 * 2).collect();
        let floors: Vec<u64> = ids.iter().map(|&id| self.floor(id)).collect();
        let copies = self.many(&ids).await;
        for (id, floor) in ids.iter().zip(floors) {
            match copies.get(id) {
                Some(copy) => self.seen(floor, copy),
                None => drop(self.table.errors.fetch_add(1, Ordering::Relaxed)),
            }
        }
    }

    async fn judge(&self, id: u64, call: impl Future<Output = Copy>) {
        let floor = self.floor(id);
        self.seen(floor, &call.await);
    }

    fn floor(&self, id: u64) -> u64 {
        self.table.rows[id as usize].floor.load(Ordering::SeqCst)
    }

    fn seen(&self, floor: u64, copy: &Copy) {
        self.table.reads.fetch_add(1, Ordering::Relaxed);
        if copy.version < floor {
            self.table.stale.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The write of a version has returned.
    fn acknowledge(&self, id: u64, version: u64) {
        self.table.writes.fetch_add(1, Ordering::Relaxed);
        self.table.rows[id as usize].floor.fetch_max(version, Ordering::SeqCst);
    }

    /// How many answers were stale, and how many calls failed.
    pub(crate) fn wrong(&self) -> (u64, u64) {
        (self.table.stale.load(Ordering::Relaxed), self.table.errors.load(Ordering::Relaxed))
    }

    pub(crate) fn report(&self) -> String {
        let [reads, writes, loads, refused] =
            [&self.table.reads, &self.table.writes, &self.table.loads, &self.table.refused]
                .map(|count| count.load(Ordering::Relaxed));
        let (stale, errors) = self.wrong();
        format!(
            "{reads} reads, {loads} loads, {writes} writes, {refused} refused by an unreachable queue; {stale} stale answers, \
             {errors} errors"
        )
    }
}
