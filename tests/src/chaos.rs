//! The load of the fault tests: services that read and write a few contended rows through a cache, by every
//! strategy, and have every read judged.

mod tasks;

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cache_runtime::{Cache, cached, write_through};
use fastrand::Rng;
use tokio::join;

use crate::{
    by_hand::Shelf,
    checker::{Function, Reading, Tally},
    database::Database,
};

pub use self::tasks::Tasks;

/// One write in so many steps, unless others are asked for.
const WRITE_EVERY: u32 = 16;

/// Rows that share a tag.
const GROUPS: usize = 4;

/// How many rows a batch reads.
const BATCH: usize = 4;

/// A service of one task, and of the renewals that it leaves behind.
#[derive(Clone, Debug)]
pub struct Service {
    store: Store,
    database: Arc<Database>,
    rows: usize,
    write_every: u32,
    loads: Arc<AtomicU64>,
}

/// What the service keeps its copies in.
#[derive(Clone, Debug)]
pub enum Store {
    /// The cache under test.
    Cache(Cache),
    /// The same, by writers that raise no fence: they commit, and then put what they have committed.
    Unfenced(Cache),
    /// The control.
    ByHand(Shelf),
}

/// How a row is written.
#[derive(Clone, Copy, Debug)]
enum Way {
    Attribute,
    Fence,
    Invalidate,
}

impl Service {
    /// A service of so many rows.
    pub fn new(store: Store, database: Database, rows: usize) -> Service {
        let (database, write_every) = (Arc::new(database), WRITE_EVERY);
        Service { store, database, rows, write_every, loads: Arc::default() }
    }

    /// The same, of which one step in so many is a write.
    pub fn writing_every(self, write_every: u32) -> Service {
        Service { write_every, ..self }
    }

    /// Reads or writes one row, or a few, and reports it.
    pub async fn step(&self, rng: &mut Rng) -> io::Result<()> {
        // The first rows are the popular ones.
        let last = rng.usize(..self.rows);
        let row = rng.usize(..=last);
        if rng.u32(..self.write_every) == 0 {
            return self.write(row, rng).await;
        }
        match &self.store {
            Store::Cache(cache) | Store::Unfenced(cache) => self.read(cache, row, rng).await,
            Store::ByHand(shelf) => {
                let floor = self.database.floor(row).await?;
                let loads = self.loads();
                let version = shelf.get_or_load(&by_hand(row), self.load(row)).await?;
                self.report_read(row, Function::ByHand, floor, version, loads).await
            }
        }
    }

    /// Reads one row, as somebody does who hits a copy as long as there is one, and reports it.
    pub async fn watch(&self, row: usize) -> io::Result<()> {
        let (Store::Cache(cache) | Store::Unfenced(cache)) = &self.store else { return Ok(()) };
        let (floor, loads) = (self.database.floor(row).await?, self.loads());
        let version = self.plain(cache, row).await?;
        self.report_read(row, Function::Plain, floor, version, loads).await
    }

    /// Reports what the cache of process `who` has counted.
    pub async fn report(&self, who: u32) -> io::Result<()> {
        let Store::Cache(cache) = &self.store else { return Ok(()) };
        let total = cache.stats().total();
        let tally = Tally {
            hits: total.hits,
            local_hits: total.local_hits,
            coalesced: total.coalesced,
            superseded: total.superseded,
            store_errors: total.store_errors,
        };
        self.database.tally(who, tally).await
    }

    async fn read(&self, cache: &Cache, row: usize, rng: &mut Rng) -> io::Result<()> {
        let function = rng.choice([
            Function::Plain,
            Function::Locked,
            Function::Tagged,
            Function::Fresh,
            Function::Through,
            Function::Many,
        ]);
        let function = function.expect("there are functions");
        if function == Function::Many {
            return self.read_many(cache, row, rng).await;
        }
        let floor = self.database.floor(row).await?;
        let loads = self.loads();
        let version = match function {
            Function::Plain => self.plain(cache, row).await?,
            Function::Locked => self.locked(cache, row).await?,
            Function::Tagged => self.tagged(cache, group(row), row).await?,
            Function::Fresh => self.fresh(cache, row).await?,
            _ => self.through(cache, row).await?,
        };
        self.report_read(row, function, floor, version, loads).await
    }

    async fn read_many(&self, cache: &Cache, row: usize, rng: &mut Rng) -> io::Result<()> {
        let mut rows = vec![row];
        rows.extend((1..BATCH).map(|_| rng.usize(..self.rows)));
        let mut floors = Vec::new();
        for &row in &rows {
            floors.push(self.database.floor(row).await?);
        }
        let loads = self.loads();
        let versions = match rng.bool() {
            true => self.many(cache, &rows).await?,
            false => self.fresh_many(cache, &rows).await?,
        };
        for (row, floor) in rows.into_iter().zip(floors) {
            self.report_read(row, Function::Many, floor, versions[&row], loads).await?;
        }
        Ok(())
    }

    async fn report_read(
        &self,
        row: usize,
        function: Function,
        floor: u64,
        version: u64,
        loads: u64,
    ) -> io::Result<()> {
        let loaded = self.loads() != loads;
        self.database.observe(Reading { row, function, floor, version, loaded }).await
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    #[cached(key = "plain:<row>", ttl = 60, local, cache = cache)]
    async fn plain(&self, cache: &Cache, row: usize) -> io::Result<u64> {
        self.load(row).await
    }

    #[cached(key = "locked:<row>", ttl = 60, lock(lease = "300ms", wait = "2s"), local, cache = cache)]
    async fn locked(&self, cache: &Cache, row: usize) -> io::Result<u64> {
        self.load(row).await
    }

    #[cached(key = "tagged:<row>", tags = ["group:<group>"], ttl = 60, local, skip(group), cache = cache)]
    async fn tagged(&self, cache: &Cache, group: usize, row: usize) -> io::Result<u64> {
        self.load(row).await
    }

    #[cached(key = "fresh:<row>", ttl = "40ms", stale_while_revalidate = 60, refresh_ahead = 0.5,
        jitter = 0.5, local, cache = cache)]
    async fn fresh(&self, cache: &Cache, row: usize) -> io::Result<u64> {
        self.load(row).await
    }

    #[cached(key = "through:<row>", ttl = 60, stale_if_error = 60, local, cache = cache)]
    async fn through(&self, cache: &Cache, row: usize) -> io::Result<u64> {
        self.load(row).await
    }

    /// Shares its entries with `plain`.
    #[cached(key = "plain:<rows>", each = rows, ttl = 60, local, cache = cache)]
    async fn many(&self, cache: &Cache, rows: &[usize]) -> io::Result<HashMap<usize, u64>> {
        let mut versions = HashMap::new();
        for &row in rows {
            versions.insert(row, self.load(row).await?);
        }
        Ok(versions)
    }

    /// Shares its entries with `fresh`, and renews them likewise.
    #[cached(key = "fresh:<rows>", each = rows, ttl = "40ms", stale_while_revalidate = 60, refresh_ahead = 0.5,
        jitter = 0.5, local, cache = cache)]
    async fn fresh_many(&self, cache: &Cache, rows: &[usize]) -> io::Result<HashMap<usize, u64>> {
        let mut versions = HashMap::new();
        for &row in rows {
            versions.insert(row, self.load(row).await?);
        }
        Ok(versions)
    }

    async fn load(&self, row: usize) -> io::Result<u64> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.database.load(row).await
    }

    /// Writes a row. A write whose caller was told of an error has not been acknowledged.
    async fn write(&self, row: usize, rng: &mut Rng) -> io::Result<()> {
        let cache = match &self.store {
            Store::Cache(cache) => cache,
            Store::Unfenced(cache) => return self.write_unfenced(cache, row).await,
            Store::ByHand(shelf) => {
                let commit = self.database.commit(row);
                let version = match rng.bool() {
                    true => shelf.write(&by_hand(row), commit).await?,
                    false => shelf.write_through(&by_hand(row), commit).await?,
                };
                return self.database.acknowledge(row, version, true).await;
            }
        };
        let way = rng.choice([Way::Attribute, Way::Attribute, Way::Fence, Way::Invalidate]);
        match way.expect("there are ways") {
            Way::Attribute => {
                let errors = writer_errors(cache);
                let version = self.update(cache, group(row), row).await?;
                // Other tasks of the process count there too: a write may be thought not to have reached the
                // store though it did, never the other way round.
                let reached = writer_errors(cache) == errors;
                self.database.acknowledge(row, version, reached).await
            }
            Way::Fence => {
                let (keys, tags) = join!(cache.fence(keys(row)), cache.fence_tags([tag(row)]));
                let version = self.database.commit(row).await?;
                match join!(keys.try_settle(), tags.try_settle()) {
                    (Ok(()), Ok(())) => self.database.acknowledge(row, version, true).await,
                    _ => Ok(()),
                }
            }
            Way::Invalidate => {
                let version = self.database.commit(row).await?;
                // All of them, whatever comes of the first: each is told again later if it has to be.
                let mut told = cache.try_invalidate_tags([tag(row)]).await.is_ok();
                for key in keys(row) {
                    told &= cache.try_invalidate(key).await.is_ok();
                }
                if told { self.database.acknowledge(row, version, true).await } else { Ok(()) }
            }
        }
    }

    async fn write_unfenced(&self, cache: &Cache, row: usize) -> io::Result<()> {
        let version = self.database.commit(row).await?;
        let [others @ .., through] = keys(row);
        for key in others {
            cache.try_invalidate(key).await.map_err(io::Error::other)?;
        }
        cache.try_invalidate_tags([tag(row)]).await.map_err(io::Error::other)?;
        cache.try_put(through, &version, 60).await.map_err(io::Error::other)?;
        self.database.acknowledge(row, version, true).await
    }

    #[write_through(key = "through:<row>", ttl = 60,
        invalidates("plain:<row>", "locked:<row>", "fresh:<row>"), tags("group:<group>"),
        cache = cache, name = "update")]
    async fn update(&self, cache: &Cache, group: usize, row: usize) -> io::Result<u64> {
        self.database.commit(row).await
    }
}

/// The keys under which a row can be, but for that which only its tag can end.
pub fn keys(row: usize) -> [String; 4] {
    ["plain", "locked", "fresh", "through"].map(|function| format!("{function}:{row}"))
}

/// The tag of a row.
pub fn tag(row: usize) -> String {
    format!("group:{}", group(row))
}

fn group(row: usize) -> usize {
    row % GROUPS
}

fn by_hand(row: usize) -> String {
    format!("by-hand:{row}")
}

fn writer_errors(cache: &Cache) -> u64 {
    cache.stats().function("update").map_or(0, |update| update.store_errors)
}
