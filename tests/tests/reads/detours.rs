//! One call that goes past the cache, and one that renews what is in it.

use std::collections::HashMap;

use cache_runtime::{Cache, Policy, cached, invalidates};
use cache_tests::{
    patience::{eventually, in_time},
    source::Source,
    stores::on_each_store,
};

const ROW: Policy = Policy::ttl(60).lock().name("row");

#[cached(key = "row:<id>", policy = ROW, skip(source), cache = cache)]
async fn find(cache: &Cache, source: &Source, id: u64) -> Option<u64> {
    Some(source.query().await)
}

/// With copies in this process.
#[cached(key = "row:<id>", ttl = 60, local, skip(source), cache = cache)]
async fn copied(cache: &Cache, source: &Source, id: u64) -> Option<u64> {
    Some(source.query().await)
}

#[cached(key = "outer:<id>", ttl = 60, skip(source), cache = cache)]
async fn outer(cache: &Cache, source: &Source, id: u64) -> Option<u64> {
    find(cache, source, id).await
}

#[cached(key = "row:<ids>", each = ids, ttl = 60, skip(source), cache = cache)]
async fn find_many(cache: &Cache, source: &Source, ids: &[u64]) -> HashMap<u64, u64> {
    let row = source.query().await;
    ids.iter().map(|id| (*id, row)).collect()
}

#[invalidates("row:<id>", cache = cache)]
async fn update(cache: &Cache, id: u64) {}

/// Without a macro.
async fn twin(cache: &Cache, source: &Source, id: u64) -> Option<u64> {
    let load = || async { Some(source.query().await) };
    cache.get_or_load(format!("row:{id}"), &ROW, load).await
}

#[tokio::test]
async fn a_call_that_bypasses_the_cache_leaves_it_as_it_is() {
    on_each_store(async |cache| {
        let source = Source::open();
        assert_eq!(find(&cache, &source, 1).await, Some(1));
        assert_eq!(cache.bypass(find(&cache, &source, 1)).await, Some(2));
        assert_eq!(cache.bypass(twin(&cache, &source, 1)).await, Some(3));
        assert_eq!(cache.bypass(outer(&cache, &source, 1)).await, Some(4));
        assert_eq!(cache.bypass(find_many(&cache, &source, &[1])).await[&1], 5);
        assert_eq!(cache.bypass(cache.get::<u64>("row:1")).await, Ok(None));
        assert_eq!(twin(&cache, &source, 1).await, Some(1), "it is a hit");
        // Writers invalidate, and another cache is not concerned.
        cache.bypass(update(&cache, 1)).await;
        assert_eq!(Cache::in_memory().bypass(find(&cache, &source, 1)).await, Some(6));
        assert_eq!(find(&cache, &source, 1).await, Some(6), "it was stored");
        assert_eq!(cache.stats().total().bypassed, 5);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_refreshes_stores_what_it_loads() {
    on_each_store(async |cache| {
        let source = Source::open();
        assert_eq!(find(&cache, &source, 1).await, Some(1));
        assert_eq!(cache.refreshing(find(&cache, &source, 1)).await, Some(2));
        assert_eq!(find(&cache, &source, 1).await, Some(2), "it is a hit");
        assert_eq!(cache.refreshing(twin(&cache, &source, 1)).await, Some(3));
        assert_eq!(twin(&cache, &source, 1).await, Some(3), "it is a hit");
        assert_eq!(cache.refreshing(find_many(&cache, &source, &[1, 2])).await[&1], 4);
        assert_eq!(find_many(&cache, &source, &[2, 1]).await, HashMap::from([(1, 4), (2, 4)]));
        assert_eq!(cache.refreshing(outer(&cache, &source, 1)).await, Some(5));
        assert_eq!(outer(&cache, &source, 1).await, Some(5));
        assert_eq!(
            find(&cache, &source, 1).await,
            Some(5),
            "what the body has called is renewed too"
        );
        // Within a bypass, and the other way round, the inner one counts.
        let inner = cache.bypass(find(&cache, &source, 1));
        assert_eq!(cache.refreshing(inner).await, Some(6));
        assert_eq!(find(&cache, &source, 1).await, Some(5));
        assert_eq!(source.queries(), 6);
    })
    .await;
}

/// A load that fails leaves what is there; one that was overtaken leaves nothing older.
#[tokio::test]
async fn a_refresh_that_is_overtaken_leaves_nothing_older() {
    const ROWS: Policy = Policy::ttl(60);
    on_each_store(async |cache| {
        let fails = || async { Err::<u64, _>("the source fails") };
        let loads = |row: u64| move || async move { Ok::<_, &str>(row) };
        assert_eq!(cache.get_or_load("row:1", &ROWS, loads(1)).await, Ok(1));
        let failed = cache.refreshing(cache.get_or_load("row:1", &ROWS, fails)).await;
        assert_eq!(failed, Err("the source fails"));
        assert_eq!(cache.get("row:1").await, Ok(Some(1)));

        let source = Source::held();
        let overtaken = cache.refreshing(find(&cache, &source, 1));
        let meanwhile = async {
            source.asked(1).await;
            cache.try_put("row:1", &7, 60).await.expect("the store can be told");
            source.answer(1);
        };
        let (row, ()) = tokio::join!(overtaken, meanwhile);
        assert_eq!(row, Some(1));
        in_time(
            "it is empty",
            eventually("it is empty", async || cache.get::<u64>("row:1").await == Ok(None)),
        )
        .await;
    })
    .await;
}

/// A copy would be at hand.
#[tokio::test]
async fn a_copy_in_the_process_is_passed_by_and_renewed_too() {
    on_each_store(async |cache| {
        let source = Source::open();
        for _ in 0..3 {
            assert_eq!(copied(&cache, &source, 1).await, Some(1));
        }
        assert_eq!(cache.bypass(copied(&cache, &source, 1)).await, Some(2));
        assert_eq!(copied(&cache, &source, 1).await, Some(1));
        assert_eq!(cache.refreshing(copied(&cache, &source, 1)).await, Some(3));
        for _ in 0..3 {
            assert_eq!(copied(&cache, &source, 1).await, Some(3));
        }
    })
    .await;
}

/// As `CACHE_URL=off` does for all of them.
#[tokio::test]
async fn a_cache_that_is_off_runs_every_function() {
    let cache = Cache::builder().url("off").namespace("shop").build().await.expect("it is a URL");
    let source = Source::open();
    for queries in 1..3 {
        assert_eq!(find(&cache, &source, 1).await, Some(queries));
        update(&cache, 1).await;
    }
    assert_eq!(cache.get::<u64>("row:1").await, Ok(None));
    assert_eq!(cache.stats().store.kind, "disabled");
    assert_eq!(cache.check(), Ok(()));
}
