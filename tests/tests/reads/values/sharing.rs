//! Functions that share the entries of one key: as a value, as an `Option` of it, and as rows of a batch. And those
//! that should not, since they store different things.

use std::{collections::HashMap, sync::Arc};

use cache_runtime::{Cache, CacheValue, Codec, Compression, Policy, cached};
use cache_tests::{
    herd::{Herd, counters, missed},
    source::Source,
    stores::on_each_store,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Row {
    id: u64,
    query: u64,
}

#[cached(key = "row:<id>", ttl = 60, negative_ttl = 60, codec = postcard, compress(zstd, over = 1),
    cache = cache, skip(cache, source), name = "find")]
async fn find(cache: &Cache, source: &Source, id: u64) -> Result<Option<Row>, ()> {
    let query = source.query().await;
    Ok((id < 10).then_some(Row { id, query }))
}

#[cached(key = "row:<ids>", each = ids, ttl = 60, codec = msgpack, cache = cache, skip(cache, source), name = "many")]
async fn many(cache: &Cache, source: &Source, ids: &[u64]) -> Result<HashMap<u64, Row>, ()> {
    let query = source.query().await;
    Ok(ids.iter().map(|&id| (id, Row { id, query })).collect())
}

#[cached(key = "row:<id>", ttl = 60, max_bytes = 1000, cache = cache, skip(cache, source), name = "one")]
async fn one(cache: &Cache, source: &Source, id: u64) -> Box<Row> {
    Box::new(Row { id, query: source.query().await })
}

#[tokio::test]
async fn one_row_an_optional_row_and_a_batch_share_their_entries() {
    on_each_store(async |cache| {
        let source = Source::open();
        assert_eq!(find(&cache, &source, 1).await, Ok(Some(Row { id: 1, query: 1 })));
        let rows = many(&cache, &source, &[1, 2]).await.expect("the source answers");
        assert_eq!((rows[&1].query, rows[&2].query), (1, 2));
        assert_eq!(find(&cache, &source, 2).await, Ok(Some(Row { id: 2, query: 2 })));
        assert_eq!(one(&cache, &source, 2).await.query, 2);
        assert_eq!(one(&cache, &source, 1).await.query, 1);
        assert_eq!(one(&cache, &source, 3).await.query, 3);
        let rows = many(&cache, &source, &[3, 1, 2]).await.expect("the source answers");
        assert_eq!((rows[&1].query, rows[&2].query, rows[&3].query), (1, 2, 3));
        assert_eq!(find(&cache, &source, 3).await, Ok(Some(Row { id: 3, query: 3 })));
        assert_eq!(source.queries(), 3);
        // A row that is not there.
        for _ in 0..2 {
            assert_eq!(find(&cache, &source, 10).await, Ok(None));
        }
        assert_eq!(source.queries(), 4);
        let total = cache.stats().total();
        assert_eq!((total.undecodable, total.unencodable, total.store_errors), (0, 0, 0));
    })
    .await;
}

/// In Postcard, each reads as the other, with its fields the wrong way round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Point {
    x: u64,
    y: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Transposed {
    y: u64,
    x: u64,
}

const POINTS: Policy =
    Policy::ttl(60).codec(Codec::Postcard).compress(Compression::Lz4).name("points");

async fn point(cache: &Cache, source: &Source) -> (u64, u64) {
    let load = async || Ok::<_, ()>(Point { x: source.query().await, y: 0 });
    let point = cache.get_or_load("point", &POINTS.value::<Point>(), load).await;
    let Point { x, y } = point.expect("the source answers");
    (x, y)
}

async fn transposed(cache: &Cache, source: &Source) -> (u64, u64) {
    let load = async || Ok::<_, ()>(Transposed { x: source.query().await, y: 0 });
    let point = cache.get_or_load("point", &POINTS.value::<Transposed>(), load).await;
    let Transposed { x, y } = point.expect("the source answers");
    (x, y)
}

#[tokio::test]
async fn what_postcard_wrote_is_not_read_as_another_layout() {
    on_each_store(async |cache| {
        let source = Source::open();
        for round in 0..3 {
            let (a, b) = (point(&cache, &source).await, transposed(&cache, &source).await);
            assert_eq!((a.1, b.1), (0, 0), "round {round}");
            assert!(a.0 > 0 && b.0 > 0, "round {round}");
            cache.try_invalidate("point").await.expect("the store is there");
        }
        assert_eq!(cache.stats().total().store_errors, 0);
    })
    .await;
}

/// They wait for one load, and it is of one of the two.
#[tokio::test]
async fn callers_that_share_a_load_do_not_mistake_its_layout_either() {
    on_each_store(async |cache| {
        let source = Source::held();
        let calls = std::sync::atomic::AtomicU64::new(0);
        let herd = Herd::of(40, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            let odd = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) % 2 == 1;
            async move {
                match odd {
                    true => transposed(&cache, &source).await,
                    false => point(&cache, &source).await,
                }
            }
        });
        missed(&cache, "points", 40).await;
        source.answer_all();
        for (x, y) in herd.answers().await {
            assert!(x > 0 && y == 0, "{x}, {y}");
        }
        assert_eq!(counters(&cache, "points").store_errors, 0);
    })
    .await;
}
