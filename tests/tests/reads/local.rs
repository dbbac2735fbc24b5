//! Local copies: what a hit of a function with `local` hands out, and that whatever changes the entry ends it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cache_runtime::{Cache, Policy, cached, invalidates};
use cache_tests::{herd::counters, patience::eventually, stores::on_each_store};
use serde::{Deserialize, Serialize};

/// Neither `Clone` nor written by serde's `rc`: only an `Arc` of it can be handed out.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u64,
    version: u64,
}

/// A table whose queries are counted.
#[derive(Clone)]
struct Table {
    cache: Cache,
    version: Arc<AtomicU64>,
    queries: Arc<AtomicU64>,
}

impl Table {
    fn new(cache: &Cache) -> Table {
        Table { cache: cache.clone(), version: Arc::default(), queries: Arc::default() }
    }

    fn query(&self, id: u64) -> Arc<Row> {
        self.queries.fetch_add(1, Ordering::SeqCst);
        Arc::new(Row { id, version: self.version.load(Ordering::SeqCst) })
    }

    fn queries(&self) -> u64 {
        self.queries.load(Ordering::SeqCst)
    }

    #[cached(key = "row:<id>", ttl = 3600, lock, local, cache = self.cache, name = "find")]
    async fn find(&self, id: u64) -> Result<Arc<Row>, String> {
        Ok(self.query(id))
    }

    #[cached(key = "row:<id>", ttl = 3600, local, negative_ttl = 60, cache = self.cache, name = "find_some")]
    async fn find_some(&self, id: u64) -> Option<Arc<Row>> {
        let row = self.query(id);
        (id != 404).then_some(row)
    }

    #[cached(key = "tagged:<id>", ttl = 3600, local, tags = ["rows"], cache = self.cache, name = "tagged")]
    async fn tagged(&self, id: u64) -> Arc<Row> {
        self.query(id)
    }

    #[cached(key = "row:<ids>", each = ids, ttl = 3600, local, cache = self.cache, name = "find_many")]
    async fn find_many(&self, ids: &[u64]) -> HashMap<u64, Arc<Row>> {
        ids.iter().map(|&id| (id, self.query(id))).collect()
    }

    #[cached(key = "row:<ids>", each = ids, ttl = |row: &Row| 3600 + row.id, unless = |row: &Row| row.id == 13, local, cache = self.cache, name = "closures")]
    async fn with_closures(&self, ids: &[u64]) -> Result<HashMap<u64, Arc<Row>>, String> {
        Ok(ids.iter().map(|&id| (id, self.query(id))).collect())
    }

    #[cached(key = "fresh:<id>", ttl = 3600, local, stale_while_revalidate = 60, cache = self.cache, name = "renewed")]
    async fn renewed(&self, id: u64) -> Arc<Row> {
        self.query(id)
    }

    #[cached(key = "text:<id>", ttl = 3600, local = "1h", cache = self.cache, name = "text")]
    async fn text(&self, id: u64) -> String {
        format!("{} {}", id, self.query(id).version)
    }

    #[invalidates("row:<id>", "text:<id>", cache = self.cache)]
    async fn update(&self, id: u64) {
        _ = id;
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    #[invalidates(tags("rows"), cache = self.cache)]
    async fn update_all(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }
}

/// Calls until a hit is answered by this process's memory, and returns that answer.
async fn local<T>(cache: &Cache, name: &str, call: impl AsyncFn() -> T) -> T {
    let mut answer = None;
    eventually("a hit is local", async || {
        let before = counters(cache, name).local_hits;
        answer = Some(call().await);
        counters(cache, name).local_hits > before
    })
    .await;
    answer.expect("it has been called")
}

#[tokio::test]
async fn hits_of_one_process_get_the_same_arc() {
    on_each_store(async |cache| {
        let table = Table::new(&cache);
        let first = local(&cache, "find", || async { table.find(7).await }).await;
        for _ in 0..10 {
            let before = counters(&cache, "find").local_hits;
            let next = table.find(7).await;
            if counters(&cache, "find").local_hits > before {
                let (first, next) = (first.as_ref().expect("found"), next.as_ref().expect("found"));
                assert!(Arc::ptr_eq(first, next));
            }
        }
        assert_eq!(table.queries(), 1);
        // Another function of the same key and type gets it too.
        let other = local(&cache, "find_some", || async { table.find_some(7).await }).await;
        assert_eq!(other.as_deref(), Some(&Row { id: 7, version: 0 }));
        assert_eq!(table.queries(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_write_ends_a_copy() {
    on_each_store(async |cache| {
        let table = Table::new(&cache);
        for version in 0..20 {
            let row = local(&cache, "find", || async { table.find(1).await }).await;
            assert_eq!(row.expect("found").version, version);
            let text = local(&cache, "text", || async { table.text(1).await }).await;
            assert_eq!(text, format!("1 {version}"));
            table.update(1).await;
            assert_eq!(table.find(1).await.expect("found").version, version + 1);
            assert_eq!(table.text(1).await, format!("1 {}", version + 1));
        }
    })
    .await;
}

#[tokio::test]
async fn a_remembered_none_is_local_too() {
    on_each_store(async |cache| {
        let table = Table::new(&cache);
        let none = local(&cache, "find_some", || async { table.find_some(404).await }).await;
        assert_eq!((none, table.queries()), (None, 1));
        let counted = counters(&cache, "find_some");
        assert!(counted.negative_hits >= counted.local_hits && counted.hits == 0);
    })
    .await;
}

#[tokio::test]
async fn a_copy_ends_with_each_of_its_tags() {
    on_each_store(async |cache| {
        let table = Table::new(&cache);
        for version in 0..10 {
            let row = local(&cache, "tagged", || async { table.tagged(1).await }).await;
            assert_eq!(row.version, version);
            table.update_all().await;
            assert_eq!(table.tagged(1).await.version, version + 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_batch_asks_the_store_for_what_is_not_copied() {
    on_each_store(async |cache| {
        let table = Table::new(&cache);
        table.find_many(&[1, 2, 3]).await;
        for id in [1, 2] {
            _ = local(&cache, "find", || async { table.find(id).await }).await;
        }
        let found = table.find_many(&[1, 2, 3, 4]).await;
        assert_eq!((found.len(), table.queries()), (4, 4));
        eventually("all rows are local", async || {
            let before = counters(&cache, "find_many").local_hits;
            let found = table.find_many(&[1, 2, 3, 4]).await;
            assert_eq!(found.len(), 4);
            counters(&cache, "find_many").local_hits == before + 4
        })
        .await;
        let again = table.find_many(&[1, 2]).await;
        assert!(Arc::ptr_eq(&again[&1], &table.find_many(&[1]).await[&1]));
        table.update(2).await;
        let versions = table.find_many(&[1, 2, 3]).await;
        assert_eq!([1, 2, 3].map(|id| versions[&id].version), [0, 1, 0]);
        assert_eq!(table.queries(), 5);
        // Closures see what the `Arc` holds.
        assert_eq!(table.with_closures(&[1, 13]).await.expect("found").len(), 2);
        assert_eq!(table.queries(), 6);
        table.with_closures(&[1, 13]).await.expect("found");
        assert_eq!(table.queries(), 7, "13 is not stored");
    })
    .await;
}

#[tokio::test]
async fn a_function_that_renews_in_the_background_has_copies() {
    on_each_store(async |cache| {
        let table = Table::new(&cache);
        let row = local(&cache, "renewed", || async { table.renewed(1).await }).await;
        assert_eq!((row.id, table.queries()), (1, 1));
    })
    .await;
}

const COPIED: Policy = Policy::ttl(3600).local().name("copied");

#[tokio::test]
async fn calls_without_a_macro_have_copies() {
    on_each_store(async |cache| {
        let loads = AtomicU64::new(0);
        let load = async || {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok::<_, String>(Row { id: 1, version: 0 })
        };
        let call = async || cache.get_or_load_arc("row", &COPIED, &load).await.expect("loaded");
        let one = local(&cache, "copied", &call).await;
        let other = local(&cache, "copied", &call).await;
        assert_eq!(*one, *other);
        let plain = cache.get_or_load("row", &COPIED, &load).await.expect("loaded");
        assert_eq!((plain, loads.load(Ordering::SeqCst)), (Row { id: 1, version: 0 }, 1));
        cache.invalidate("row").await;
        call().await;
        assert_eq!(loads.load(Ordering::SeqCst), 2);
    })
    .await;
}

#[tokio::test]
async fn what_a_transaction_reads_is_no_copy() {
    on_each_store(async |cache| {
        let table = Table::new(&cache);
        _ = local(&cache, "find", || async { table.find(1).await }).await;
        let before = counters(&cache, "find");
        cache_runtime::transaction(async { table.find(1).await.expect("found") }).await;
        let after = counters(&cache, "find");
        assert_eq!((after.hits, after.bypassed), (before.hits, before.bypassed + 1));
    })
    .await;
}
