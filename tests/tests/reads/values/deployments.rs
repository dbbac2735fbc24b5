//! Deployments that change how values are written: what was stored before them is read after them.

use cache_runtime::{Cache, CacheValue, Codec, Compression, Policy, stored_key};
use cache_tests::{
    direct::Direct,
    herd::counters,
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};
use serde::{Deserialize, Serialize};

const KEY: &str = "row:1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Row {
    id: u64,
    name: Option<String>,
    notes: Vec<String>,
}

fn row(query: u64) -> Row {
    Row { id: query, name: None, notes: vec!["much the same".to_owned(); 200] }
}

const BASE: Policy = Policy::ttl(60).negative_ttl(60).value::<Row>();

/// What a service may have been deployed with: every codec, with every compression.
const DEPLOYMENTS: [Policy; 9] = [
    BASE.name("0"),
    BASE.compress(Compression::Lz4).name("1"),
    BASE.compress(Compression::Zstd).name("2"),
    BASE.codec(Codec::MsgPack).name("3"),
    BASE.codec(Codec::MsgPack).compress(Compression::Lz4).name("4"),
    BASE.codec(Codec::MsgPack).compress(Compression::Zstd).name("5"),
    BASE.codec(Codec::Postcard).name("6"),
    BASE.codec(Codec::Postcard).compress(Compression::Lz4).name("7"),
    BASE.codec(Codec::Postcard).compress(Compression::Zstd).name("8"),
];

async fn find(cache: &Cache, policy: &Policy, source: &Source) -> Row {
    let row = cache.get_or_load(KEY, policy, async || Ok::<_, ()>(row(source.query().await))).await;
    row.expect("the source answers")
}

async fn find_some(cache: &Cache, policy: &Policy, source: &Source) -> Option<Row> {
    cache.get_or_load(KEY, policy, async || Some(row(source.query().await))).await
}

#[tokio::test]
async fn a_change_of_codec_or_compression_loses_nothing() {
    on_each_store(async |cache| {
        let source = Source::open();
        for before in &DEPLOYMENTS {
            let loads = source.queries() + 1;
            assert_eq!(find(&cache, before, &source).await, row(loads));
            for after in &DEPLOYMENTS {
                assert_eq!(find(&cache, after, &source).await, row(loads), "{before:?}, {after:?}");
                let some = find_some(&cache, after, &source).await;
                assert_eq!(some, Some(row(loads)), "{before:?}, {after:?}");
            }
            assert_eq!(source.queries(), loads, "{before:?}");
            cache.try_invalidate(KEY).await.expect("the store is there");
            // And the other way round.
            assert_eq!(find_some(&cache, before, &source).await, Some(row(loads + 1)));
            assert_eq!(find(&cache, before, &source).await, row(loads + 1), "{before:?}");
            cache.try_invalidate(KEY).await.expect("the store is there");
        }
        let total = cache.stats().total();
        assert_eq!((total.undecodable, total.unencodable, total.store_errors), (0, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_remembered_none_outlives_a_deployment() {
    on_each_store(async |cache| {
        for before in &DEPLOYMENTS {
            assert_eq!(cache.get_or_load(KEY, before, async || None::<Row>).await, None);
            for after in &DEPLOYMENTS {
                let found = cache.get_or_load(KEY, after, async || Some(row(0))).await;
                assert_eq!(found, None, "{before:?}, {after:?}");
            }
            cache.try_invalidate(KEY).await.expect("the store is there");
        }
        assert_eq!(cache.stats().total().negative_hits, 81);
    })
    .await;
}

/// What another build of the service may write: a codec, or a compression, that this one has not.
#[tokio::test]
async fn an_entry_of_what_is_not_built_in_is_counted_and_written_anew() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let redis = Direct::to(&server).await;
    let source = Source::open();
    for (at, policy) in [(19, &DEPLOYMENTS[0]), (19, &DEPLOYMENTS[6]), (21, &DEPLOYMENTS[4])] {
        let name = counters_of(policy);
        let before = (source.queries(), undecodable(&cache, name));
        assert_eq!(find(&cache, policy, &source).await, row(before.0 + 1));
        let key = stored_key(KEY);
        let mut bytes = redis.get(&key).await;
        bytes[at] = b'?';
        redis.set(&key, &bytes).await;
        for _ in 0..2 {
            assert_eq!(find(&cache, policy, &source).await, row(before.0 + 2), "{policy:?}");
        }
        assert_eq!(source.queries(), before.0 + 2, "{policy:?}");
        assert_eq!(undecodable(&cache, name), before.1 + 1, "{policy:?}");
        cache.try_invalidate(KEY).await.expect("the store is there");
    }
}

fn counters_of(policy: &Policy) -> &'static str {
    let at = DEPLOYMENTS.iter().position(|one| one == policy).expect("it is one of them");
    ["0", "1", "2", "3", "4", "5", "6", "7", "8"][at]
}

fn undecodable(cache: &Cache, name: &str) -> u64 {
    cache.stats().function(name).map_or(0, |_| counters(cache, name).undecodable)
}

/// It does not write names, and so is not stored: the call is answered all the same.
#[tokio::test]
async fn postcard_without_a_fingerprint_stores_nothing() {
    const POSTCARD: Policy = Policy::ttl(60).codec(Codec::Postcard).name("postcard");

    on_each_store(async |cache| {
        let source = Source::open();
        for load in 1..=3 {
            assert_eq!(find(&cache, &POSTCARD, &source).await, row(load));
        }
        assert_eq!(counters(&cache, "postcard").unencodable, 3);
        assert_eq!(cache.get::<Row>(KEY).await, Ok(None));
    })
    .await;
}

/// A direct read knows no fingerprint, and says what to do.
#[tokio::test]
async fn what_postcard_wrote_is_read_by_a_policy() {
    on_each_store(async |cache| {
        let source = Source::open();
        find(&cache, &DEPLOYMENTS[6], &source).await;
        let read = cache.get::<Row>(KEY).await.expect_err("its layout is not known");
        assert!(read.to_string().contains(".value::<T>()"), "{read}");
        find(&cache, &DEPLOYMENTS[0], &source).await;
        assert_eq!(source.queries(), 1);
    })
    .await;
}
