//! Large values: compressed where that helps, and not stored where they are larger than they may be.

use std::{collections::HashMap, sync::Arc};

use cache_runtime::{Cache, Codec, Compression, Policy, stored_key};
use cache_tests::{
    direct::Direct,
    herd::{Herd, counters, missed},
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};

const KEY: &str = "text:1";

/// With its quotes, a text of 998 bytes is as long as that.
const LIMITED: Policy = Policy::ttl(60).max_bytes(1000).name("limited");

async fn text(cache: &Cache, policy: &Policy, source: &Source, length: usize) -> String {
    let load = async || Ok::<_, ()>(text_of(source.query().await, length));
    cache.get_or_load(KEY, policy, load).await.expect("the source answers")
}

fn text_of(query: u64, length: usize) -> String {
    format!("{query:>length$}")
}

#[tokio::test]
async fn a_value_over_the_limit_is_counted_and_not_stored() {
    on_each_store(async |cache| {
        let source = Source::open();
        for load in 1..=3 {
            assert_eq!(text(&cache, &LIMITED, &source, 999).await, text_of(load, 999));
        }
        assert_eq!(counters(&cache, "limited").too_large, 3);
        assert_eq!(cache.get::<String>(KEY).await, Ok(None));
        for _ in 0..3 {
            assert_eq!(text(&cache, &LIMITED, &source, 998).await, text_of(4, 998));
        }
        assert_eq!(source.queries(), 4);
        let counted = counters(&cache, "limited");
        assert_eq!((counted.too_large, counted.unencodable, counted.hits), (3, 0, 2));
    })
    .await;
}

/// Whether it is stored is one thing, and whether a herd loads it once is another.
#[tokio::test]
async fn those_who_wait_share_a_value_that_is_too_large() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(100, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { text(&cache, &LIMITED, &source, 5000).await }
        });
        missed(&cache, "limited", 100).await;
        source.answer_all();
        assert_eq!(herd.answers().await, vec![text_of(1, 5000); 100]);
        assert_eq!(source.queries(), 1);
        let counted = counters(&cache, "limited");
        assert_eq!((counted.too_large, counted.coalesced), (1, 99));
        assert_eq!(cache.get::<String>(KEY).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_batch_stores_the_rows_that_are_small_enough() {
    on_each_store(async |cache| {
        let source = Source::open();
        let find = async |ids: &[usize]| -> HashMap<usize, String> {
            let key = |length: &usize| format!("text:{length}");
            let load = async |lengths: Vec<usize>| {
                let query = source.query().await;
                lengths.into_iter().map(|length| (length, text_of(query, length))).collect()
            };
            cache.get_or_load_many(ids, key, &LIMITED, load).await
        };
        let found = find(&[998, 999]).await;
        assert_eq!((&*found[&998], &*found[&999]), (&*text_of(1, 998), &*text_of(1, 999)));
        let found = find(&[998, 999]).await;
        assert_eq!((&*found[&998], &*found[&999]), (&*text_of(1, 998), &*text_of(2, 999)));
        let counted = counters(&cache, "limited");
        assert_eq!((counted.too_large, counted.hits, counted.unencodable), (2, 1, 0));
    })
    .await;
}

#[tokio::test]
async fn a_writer_leaves_nothing_that_is_too_large() {
    on_each_store(async |cache| {
        for (length, stored) in [(998, true), (999, false)] {
            let write = async || Ok::<_, ()>(text_of(0, length));
            let written = cache.write_through(KEY, &LIMITED, write).await;
            assert_eq!(written, Ok(text_of(0, length)));
            assert_eq!(cache.get(KEY).await, Ok(stored.then(|| text_of(0, length))));
        }
        assert_eq!(counters(&cache, "limited").too_large, 1);
    })
    .await;
}

#[tokio::test]
async fn the_limit_is_on_what_is_stored() {
    const ROOMY: Policy = LIMITED.compress(Compression::Lz4);

    on_each_store(async |cache| {
        let source = Source::open();
        for _ in 0..2 {
            assert_eq!(text(&cache, &ROOMY, &source, 50_000).await, text_of(1, 50_000));
        }
        assert_eq!((source.queries(), counters(&cache, "limited").too_large), (1, 0));
    })
    .await;
}

#[tokio::test]
async fn what_is_compressed_takes_less_of_the_server() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let redis = Direct::to(&server).await;
    let source = Source::open();
    let plain = Policy::ttl(60);
    let stored = async |policy: Policy, length| {
        text(&cache, &policy, &source, length).await;
        let size: usize = redis.send(redis::cmd("STRLEN").arg(stored_key(KEY))).await;
        cache.try_invalidate(KEY).await.expect("the server is there");
        size
    };
    // A header, and two quotes.
    assert_eq!(stored(plain, 10_000).await, 10_056);
    for compression in [Compression::Lz4, Compression::Zstd] {
        for codec in [Codec::Json, Codec::MsgPack] {
            let policy = plain.codec(codec).compress(compression);
            assert!(stored(policy, 10_000).await < 200, "{policy:?}");
            assert!(stored(policy.compress_over(20_000), 10_000).await > 10_000, "{policy:?}");
            assert!(stored(policy, 900).await > 900, "{policy:?}");
            assert!(stored(policy.compress_over(0), 900).await < 200, "{policy:?}");
        }
    }
}
