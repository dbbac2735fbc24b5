//! One small service that uses the library in every way there is, to see whether a store serves them all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cache_runtime::{Cache, Error, cached, invalidates, write_behind, write_through};
use cache_test_support::patience::{eventually, in_time};

use crate::herd::counters;

/// Rows of numbers, in a table that counts how often it is read.
#[derive(Clone, Debug)]
pub struct Rows {
    cache: Cache,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<u64, u64>,
    loads: u64,
}

impl Rows {
    /// No rows yet, cached in `cache`.
    pub fn new(cache: &Cache) -> Rows {
        Rows { cache: cache.clone(), table: Arc::default() }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, id: u64) -> u64 {
        let mut table = self.table();
        table.loads += 1;
        table.rows.get(&id).copied().unwrap_or_default()
    }

    fn store(&self, id: u64, value: u64) {
        self.table().rows.insert(id, value);
    }

    /// How often a row has been read from the table.
    pub fn loads(&self) -> u64 {
        self.table().loads
    }

    /// Waits until one read after the other is a hit.
    pub async fn hits_resume(&self) {
        eventually("every call is a hit", async || {
            let hits = counters(&self.cache, "rows.read").hits;
            for _ in 0..20 {
                self.read(1_000).await;
            }
            counters(&self.cache, "rows.read").hits >= hits + 20
        })
        .await;
    }

    /// Cache-aside.
    #[cached(key = "row:<id>", ttl = 3600, cache = self.cache, name = "rows.read")]
    pub async fn read(&self, id: u64) -> u64 {
        self.load(id)
    }

    #[cached(key = "locked:<id>", ttl = 3600, lock, cache = self.cache, name = "rows.locked")]
    async fn locked(&self, id: u64) -> u64 {
        self.load(id)
    }

    #[cached(key = "tagged:<id>", ttl = 3600, tags = ["group:1"], cache = self.cache, name = "rows.tagged")]
    async fn tagged(&self, id: u64) -> u64 {
        self.load(id)
    }

    #[cached(key = "row:<ids>", each = ids, ttl = 3600, cache = self.cache, name = "rows.many")]
    async fn many(&self, ids: &[u64]) -> BTreeMap<u64, u64> {
        ids.iter().map(|&id| (id, self.load(id))).collect()
    }

    /// Renewed in the background as soon as it is read again.
    #[cached(key = "ahead:<id>", ttl = 3600, refresh_ahead = 0.000_001, cache = self.cache, name = "rows.ahead")]
    async fn ahead(&self, id: u64) -> u64 {
        self.load(id)
    }

    /// Ends the cached copies.
    #[invalidates("row:<id>", "locked:<id>", tags("group:1"), cache = self.cache, name = "rows.write")]
    pub async fn write(&self, id: u64, value: u64) {
        self.store(id, value);
    }

    #[write_through(key = "row:<id>", ttl = 3600, cache = self.cache, name = "rows.replace")]
    async fn replace(&self, id: u64, value: u64) -> u64 {
        self.store(id, value);
        value
    }

    #[cached(key = "position:<id>", ttl = 3600, negative_ttl = 60, cache = self.cache, name = "rows.position")]
    async fn position(&self, id: u64) -> Option<Position> {
        Some((id, self.load(id)))
    }

    /// Takes rows in batches, as long as they are no poison.
    ///
    /// # Errors
    ///
    /// Where one of them is.
    #[write_behind(queue = "positions", key = "position:<position.0>", ttl = 3600, enqueue = accept(position),
        linger = "1ms", attempts = 1, cache = self.cache, name = "rows.behind")]
    pub async fn write_all(&self, positions: Vec<Position>) -> Result<(), String> {
        if positions.iter().any(|position| position.1 == POISON) {
            return Err("the table does not take it".to_owned());
        }
        positions.into_iter().for_each(|(id, value)| self.store(id, value));
        Ok(())
    }
}

impl Rows {
    /// Calls everything but what is written behind, and keeps to no order that the values would show.
    pub async fn exercise(&self, round: u64) {
        self.read(1).await;
        self.read(1).await;
        self.locked(1).await;
        self.tagged(1).await;
        self.tagged(1).await;
        self.many(&[1, 2, 3]).await;
        self.write(1, round).await;
        self.replace(1, round).await;
        // Two writers that overlap, and one whose fence is held up.
        let fence = self.cache.fence(["row:9"]).await;
        tokio::join!(self.write(9, round), self.write(9, round));
        _ = self.cache.try_invalidate("row:9").await;
        // Either may have failed, which is what some callers are about.
        _ = fence.try_settle().await;
    }
}

/// A row whose cached copy knows its id.
type Position = (u64, u64);

/// What the table takes from no writer behind.
const POISON: u64 = 666;

/// Uses `cache` in every way, and finds everything as it should be with a store that works.
///
/// # Panics
///
/// Where a value is not the row's, a hit is not a hit, or an operation on the store has failed.
pub async fn every_strategy_works(cache: &Cache) {
    let rows = Rows::new(cache);
    let errors = cache.stats().total().store_errors;
    rows.store(1, 10);
    for _ in 0..3 {
        assert_eq!((rows.read(1).await, rows.loads()), (10, 1), "cache-aside");
    }
    for _ in 0..3 {
        assert_eq!((rows.locked(1).await, rows.loads()), (10, 2), "under a lock");
    }
    for _ in 0..3 {
        assert_eq!((rows.tagged(1).await, rows.loads()), (10, 3), "with a tag");
    }
    rows.write(1, 11).await;
    assert_eq!((rows.read(1).await, rows.loads()), (11, 4), "a write ends the copy");
    assert_eq!((rows.locked(1).await, rows.loads()), (11, 5), "and this one");
    assert_eq!((rows.tagged(1).await, rows.loads()), (11, 6), "and that of its tag");
    assert_eq!(rows.replace(1, 12).await, 12);
    assert_eq!((rows.read(1).await, rows.loads()), (12, 6), "what was written through is there");
    let many = rows.many(&[1, 2, 3]).await;
    assert_eq!((many, rows.loads()), (BTreeMap::from([(1, 12), (2, 0), (3, 0)]), 8), "a batch");
    assert_eq!(rows.many(&[1, 2, 3]).await.len(), 3);
    assert_eq!(rows.loads(), 8, "of which nothing is missing now");
    written_behind(&rows).await;
    renewed_ahead(&rows).await;
    assert_eq!(cache.try_put("put", &7, 60).await, Ok(()));
    assert_eq!(cache.get("put").await, Ok(Some(7)));
    assert_eq!(cache.try_invalidate("put").await, Ok(()));
    assert_eq!(cache.get::<u64>("put").await, Ok(None));
    assert_eq!(cache.stats().total().store_errors, errors, "{}", cache.stats());
}

async fn written_behind(rows: &Rows) {
    let queue = rows.accept_queue();
    for position in [(4, 1), (5, POISON), (1, 13)] {
        rows.accept(&position).await.expect("the queue takes it");
    }
    let loads = rows.loads();
    assert_eq!(rows.position(1).await, Some((1, 13)), "it is readable at once");
    assert_eq!((rows.loads(), queue.len().await), (loads, Ok(3)));
    let flusher = rows.accept_flusher();
    in_time("the flush", queue.flushed()).await;
    assert_eq!((rows.load(1), rows.load(4)), (13, 1), "they have reached the table");
    let letters = queue.dead_letters(10).await.expect("they can be listed");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].key.ends_with("position:5"), "{letters:?}");
    assert_eq!(queue.replay(&letters[0]).await, Ok(true));
    // What is refused while nothing else is taken might not be the row's fault.
    rows.accept(&(4, 2)).await.expect("the queue takes it");
    in_time("the flush", queue.flushed()).await;
    in_time("the end of the queue", flusher.shutdown()).await;
    let letters = queue.dead_letters(10).await.expect("they can be listed");
    assert_eq!(queue.discard(&letters[0]).await, Ok(true));
    assert_eq!(
        (queue.len().await, queue.dead_letters(10).await.map(|all| all.len())),
        (Ok(0), Ok(0))
    );
}

async fn renewed_ahead(rows: &Rows) {
    assert_eq!(rows.ahead(1).await, 13);
    let loads = rows.loads();
    in_time("a renewal", async {
        while rows.loads() == loads {
            assert_eq!(rows.ahead(1).await, 13);
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Uses `cache` in every way where its store cannot be used: each call is answered, from the table.
///
/// # Panics
///
/// Where a call hangs, or its answer is not the row.
pub async fn every_strategy_answers(cache: &Cache) {
    let rows = Rows::new(cache);
    rows.store(1, 10);
    in_time("an answer to every call", async {
        assert_eq!((rows.read(1).await, rows.loads()), (10, 1), "cache-aside");
        assert_eq!((rows.read(1).await, rows.loads()), (10, 2), "nothing is stored");
        assert_eq!((rows.locked(1).await, rows.loads()), (10, 3), "under a lock");
        assert_eq!((rows.tagged(1).await, rows.loads()), (10, 4), "with a tag");
        assert_eq!((rows.ahead(1).await, rows.loads()), (10, 5), "ahead of its end");
        rows.write(1, 11).await;
        assert_eq!(rows.replace(1, 12).await, 12);
        assert_eq!((rows.read(1).await, rows.loads()), (12, 6), "both writes have been made");
        assert_eq!(rows.many(&[1, 2]).await, BTreeMap::from([(1, 12), (2, 0)]), "a batch");
        let refused = rows.accept(&(1, 13)).await;
        assert!(cannot(&refused), "{refused:?}");
        // Not of a row whose invalidation is owed: past that, this process reads without asking.
        assert!(cannot(&cache.get::<u64>("none").await.map(drop)));
    })
    .await;
}

/// Whether the store is away, or does not let this user do it.
fn cannot(told: &Result<(), Error>) -> bool {
    matches!(told, Err(Error::Unavailable(_) | Error::Refused(_)))
}
