//! The load of the fault tests: services that read and write a few contended rows through a cache, and have
//! every read judged.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

use cache_runtime::{Cache, cached, invalidates};
use fastrand::Rng;

use crate::{
    by_hand::Shelf,
    checker::{Function, Reading, Tally},
    database::Database,
};

/// One write in so many steps.
const WRITE_EVERY: u32 = 16;

/// A service of one task.
#[derive(Debug)]
pub struct Service {
    store: Store,
    database: Database,
    rows: usize,
    loads: AtomicU64,
}

/// What the service keeps its copies in.
#[derive(Clone, Debug)]
pub enum Store {
    /// The cache under test.
    Cache(Cache),
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
        Service { store, database, rows, loads: AtomicU64::new(0) }
    }

    /// Reads or writes one row, and reports it.
    pub async fn step(&self, rng: &mut Rng) -> io::Result<()> {
        // The first rows are the popular ones.
        let last = rng.usize(..self.rows);
        let row = rng.usize(..=last);
        if rng.u32(..WRITE_EVERY) == 0 {
            self.write(row, rng).await
        } else {
            self.read(row, rng).await
        }
    }

    /// Reports what the cache of process `who` has counted.
    pub async fn report(&self, who: u32) -> io::Result<()> {
        let Store::Cache(cache) = &self.store else { return Ok(()) };
        let total = cache.stats().total();
        let tally = Tally {
            hits: total.hits,
            coalesced: total.coalesced,
            superseded: total.superseded,
            store_errors: total.store_errors,
        };
        self.database.tally(who, tally).await
    }

    async fn read(&self, row: usize, rng: &mut Rng) -> io::Result<()> {
        let floor = self.database.floor(row).await?;
        let loads = self.loads.load(Ordering::Relaxed);
        let (function, version) = match &self.store {
            Store::Cache(cache) if rng.bool() => (Function::Plain, self.plain(cache, row).await?),
            Store::Cache(cache) => (Function::Locked, self.locked(cache, row).await?),
            Store::ByHand(shelf) => {
                let version = shelf.get_or_load(&format!("by-hand:{row}"), self.load(row)).await?;
                (Function::ByHand, version)
            }
        };
        let loaded = self.loads.load(Ordering::Relaxed) != loads;
        self.database.observe(Reading { row, function, floor, version, loaded }).await
    }

    #[cached(key = "plain:<row>", ttl = 60, cache = cache)]
    async fn plain(&self, cache: &Cache, row: usize) -> io::Result<u64> {
        self.load(row).await
    }

    #[cached(key = "locked:<row>", ttl = 60, lock(lease = "300ms", wait = "2s"), cache = cache)]
    async fn locked(&self, cache: &Cache, row: usize) -> io::Result<u64> {
        self.load(row).await
    }

    async fn load(&self, row: usize) -> io::Result<u64> {
        self.loads.fetch_add(1, Ordering::Relaxed);
        self.database.load(row).await
    }

    /// Writes a row. A write whose caller was told of an error has not been acknowledged.
    async fn write(&self, row: usize, rng: &mut Rng) -> io::Result<()> {
        let cache = match &self.store {
            Store::Cache(cache) => cache,
            Store::ByHand(shelf) => {
                let commit = self.database.commit(row);
                let version = shelf.write(&format!("by-hand:{row}"), commit).await?;
                return self.database.acknowledge(row, version, true).await;
            }
        };
        let way = rng.choice([Way::Attribute, Way::Attribute, Way::Fence, Way::Invalidate]);
        match way.expect("there are ways") {
            Way::Attribute => {
                let errors = writer_errors(cache);
                let version = self.update(cache, row).await?;
                // Other tasks of the process count there too: a write may be thought not to have reached the
                // store though it did, never the other way round.
                let reached = writer_errors(cache) == errors;
                self.database.acknowledge(row, version, reached).await
            }
            Way::Fence => {
                let fence = cache.fence(keys(row)).await;
                let version = self.database.commit(row).await?;
                match fence.settle().await {
                    Ok(()) => self.database.acknowledge(row, version, true).await,
                    Err(_) => Ok(()),
                }
            }
            Way::Invalidate => {
                let version = self.database.commit(row).await?;
                // Both, whatever comes of the first: each is told again later if it has to be.
                let mut told = true;
                for key in keys(row) {
                    told &= cache.invalidate(key).await.is_ok();
                }
                if told { self.database.acknowledge(row, version, true).await } else { Ok(()) }
            }
        }
    }

    #[invalidates("plain:<row>", "locked:<row>", cache = cache, name = "update")]
    async fn update(&self, cache: &Cache, row: usize) -> io::Result<u64> {
        self.database.commit(row).await
    }
}

fn keys(row: usize) -> [String; 2] {
    [format!("plain:{row}"), format!("locked:{row}")]
}

fn writer_errors(cache: &Cache) -> u64 {
    cache.stats().function("update").map_or(0, |update| update.store_errors)
}
