//! Batches: many rows, one query for those that are missing, and the entries of the function that loads one.

mod audits;
mod entries;
mod failures;
mod groups;
mod loaders;
mod locks;
mod renewals;
mod tags;
mod trips;
mod writes;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cache_runtime::{Cache, FunctionStats, Policy, cached};
use cache_tests::{herd, source::Source};

const PLAIN: Policy = Policy::ttl(60).name("rows");
const REMEMBERING: Policy = PLAIN.negative_ttl(60);

/// Far longer than a test waits for anything: a lease that is free before is one that was given up.
const LONG: Duration = Duration::from_secs(3600);
const LOCKED: Policy = PLAIN.lease(LONG).wait(LONG);

/// A table without the rows 100, 200 and so on, read through a cache.
#[derive(Clone, Debug)]
struct Table {
    cache: Cache,
    source: Arc<Source>,
    /// What each query asked for.
    asked: Arc<Mutex<Vec<Vec<u64>>>>,
}

impl Table {
    fn new(cache: &Cache, source: Arc<Source>) -> Table {
        Table { cache: cache.clone(), source, asked: Arc::default() }
    }

    fn open(cache: &Cache) -> Table {
        Table::new(cache, Source::open())
    }

    fn asked(&self) -> MutexGuard<'_, Vec<Vec<u64>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one query: each row is the number of the query that it was read by.
    async fn query(&self, ids: Vec<u64>) -> HashMap<u64, u64> {
        self.asked().push(ids.clone());
        let query = self.source.query().await;
        ids.into_iter().filter(|id| id % 100 > 0).map(|id| (id, query)).collect()
    }

    async fn find(&self, policy: &Policy, ids: &[u64]) -> HashMap<u64, u64> {
        self.cache
            .get_or_load_many(ids, |id| format!("row:{id}"), policy, |ids| self.query(ids))
            .await
    }

    /// The function of one row that shares the entries.
    #[cached(key = "row:<id>", ttl = 60, cache = self.cache, name = "row")]
    async fn find_one(&self, id: u64) -> Option<u64> {
        self.query(vec![id]).await.remove(&id)
    }

    #[cached(key = "row:<id>", ttl = 60, lock(lease = "1h", wait = "1h"), cache = self.cache, name = "row")]
    async fn find_one_locked(&self, id: u64) -> Option<u64> {
        self.query(vec![id]).await.remove(&id)
    }

    fn counters(&self) -> FunctionStats {
        herd::counters(&self.cache, "rows")
    }

    /// Hits, remembered `None`s, misses and loads.
    fn counts(&self) -> [u64; 4] {
        let FunctionStats { hits, negative_hits, misses, loads, .. } = self.counters();
        [hits, negative_hits, misses, loads]
    }
}

fn rows<const N: usize>(rows: [(u64, u64); N]) -> HashMap<u64, u64> {
    HashMap::from(rows)
}
