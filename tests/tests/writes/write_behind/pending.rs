//! A write that waits is what every reader sees, whatever else happens to its key.

use std::{sync::Arc, time::Duration};

use cache_runtime::{Cache, Policy, WriteBehind, cached, invalidates};
use cache_tests::{
    patience::{eventually, in_time},
    source::Source,
    stores::on_each_store_in_one_slot,
    table::{Row, Table},
};

use super::{cached, queue, write};

/// Loads from a source that answers when it is told to: the database's older row.
#[cached(key = "row:<id>", ttl = 60, cache = cache, skip(cache, source), name = "find")]
async fn find(cache: &Cache, source: &Source, id: u64) -> Row {
    Row { id, version: 1000 + source.query().await }
}

#[invalidates("row:<id>", cache = cache, name = "update")]
async fn update(cache: &Cache, id: u64) {}

#[tokio::test]
async fn a_waiting_write_survives_what_would_end_another_value() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, source) = (queue(&cache), Source::open());
        write(&queue, 1, 7).await;
        let seen = async || find(&cache, &source, 1).await.version;

        assert_eq!(seen().await, 7);
        cache.try_invalidate("row:1").await.unwrap();
        assert_eq!(seen().await, 7, "after an invalidation");
        update(&cache, 1).await;
        assert_eq!(seen().await, 7, "after a writer");
        let fence = cache.fence(["row:1"]).await;
        assert_eq!(seen().await, 7, "under a fence");
        fence.try_settle().await.unwrap();
        assert_eq!(seen().await, 7, "after a fence");
        cache.try_put("row:1", &Row { id: 1, version: 2 }, 60).await.unwrap();
        assert_eq!(seen().await, 7, "after a put");
        drop(cache.fence(["row:1"]).await);
        assert_eq!(seen().await, 7, "after a fence that nobody settled");
        assert_eq!(source.queries(), 0, "nobody has looked into the database");
    })
    .await;
}

/// What waits is newer than what an audit would load.
#[tokio::test]
async fn a_waiting_write_is_not_audited() {
    const AUDITED: Policy = Policy::ttl(60).audit(1.0).name("audited");
    on_each_store_in_one_slot(async |cache| {
        let queue = queue(&cache);
        write(&queue, 1, 7).await;
        let load = || async { Ok::<_, String>(Row { id: 1, version: 2 }) };
        let row = cache.get_or_load("row:1", &AUDITED, load).await;
        assert_eq!(row, Ok(Row { id: 1, version: 7 }));
        let stats = cache.stats();
        let audited = stats.function("audited").expect("it was called");
        assert_eq!((audited.hits, audited.audits, audited.stale_detected), (1, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn others_who_wrote_meanwhile_make_readers_load_once_it_is_flushed() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, table, source) = (queue(&cache), Table::default(), Source::open());
        write(&queue, 1, 7).await;
        write(&queue, 2, 7).await;
        update(&cache, 1).await;
        in_time("the end", table.flush(&queue).shutdown()).await;
        assert_eq!(find(&cache, &source, 2).await.version, 7, "only this one was left alone");
        assert_eq!(find(&cache, &source, 1).await.version, 1001, "nobody knows whose row it is");
    })
    .await;
}

#[tokio::test]
async fn a_load_that_began_before_is_not_stored_over_it() {
    on_each_store_in_one_slot(async |cache| {
        let (queue, source) = (queue(&cache), Source::held());
        let slow = tokio::spawn({
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { find(&cache, &source, 1).await.version }
        });
        source.asked(1).await;
        write(&queue, 1, 7).await;
        assert_eq!(find(&cache, &source, 1).await.version, 7, "the load is still under way");
        source.answer_all();
        assert_eq!(slow.await.unwrap(), 1001, "it had called before the write");
        assert_eq!(find(&cache, &source, 1).await.version, 7);
        assert_eq!(cache.stats().total().superseded, 1);
    })
    .await;
}

#[tokio::test]
async fn it_has_no_ttl_until_it_is_flushed() {
    on_each_store_in_one_slot(async |cache| {
        const SHORT: Policy = Policy::ttl_duration(Duration::from_millis(30));
        let short: WriteBehind<Row> = cache.write_behind("short", &SHORT);
        write(&short, 1, 7).await;
        cache.try_put("witness", &1, Duration::from_millis(60)).await.unwrap();
        let gone = async || cache.get::<u64>("witness").await == Ok(None);
        eventually("the end of what lives twice as long", gone).await;
        assert_eq!(cached(&cache, 1).await, Some(7));

        in_time("the end", Table::default().flush(&short).shutdown()).await;
        eventually("its own end", async || cached(&cache, 1).await.is_none()).await;
    })
    .await;
}

/// An embedded store has little room, and evicts what it can.
#[tokio::test]
async fn it_is_not_evicted() {
    let cache = Cache::builder().url("memory://?capacity=10").build().await.unwrap();
    let queue = queue(&cache);
    for id in 1..=100 {
        write(&queue, id, 7).await;
    }
    for id in 1000..2000 {
        cache.try_put(format!("other:{id}"), &id, 60).await.unwrap();
    }
    for id in 1..=100 {
        assert_eq!(cached(&cache, id).await, Some(7), "row {id}");
    }
}

/// A log on a busy disk is slower than a read may be, and what is written behind has no fallback.
#[tokio::test]
async fn it_waits_for_a_store_that_is_slow_to_acknowledge_it() {
    let server = cache_tests::server::RedisServer::start();
    let cache = Cache::builder().url(&server.url()).deadline(Duration::from_millis(50));
    let cache = cache.breaker(1_000, Duration::from_secs(1)).build().await.unwrap();
    let queue = queue(&cache).wait(Duration::from_secs(60));
    eventually("an answer in time", async || cache.get::<u64>("other").await.is_ok()).await;

    server.pause();
    let given_up = async {
        assert!(cache.get::<u64>("other").await.is_err(), "its deadline is over");
        server.resume();
    };
    // The write begins first.
    in_time("the write", async { tokio::join!(write(&queue, 1, 7), given_up) }).await;
    let (end, table) = ("the end", Table::default());
    in_time(end, table.flush(&queue).shutdown()).await;
    assert_eq!(table.rows()[&1], 7);
}

/// Entries of a namespace carry its stamp, and so does what lands there.
#[tokio::test]
async fn in_a_namespace_it_stays_when_it_is_flushed_until_the_namespace_is() {
    let server = cache_tests::server::RedisServer::start();
    for url in ["memory://", &server.url()] {
        let builder = Cache::builder().url(url).namespace("shop");
        let cache = builder.deadline(Duration::from_secs(10)).build().await.unwrap();
        let (queue, table) = (queue(&cache), Table::default());
        write(&queue, 1, 7).await;
        in_time("the end", table.flush(&queue).shutdown()).await;
        assert_eq!(cached(&cache, 1).await, Some(7));
        cache.try_flush_namespace().await.unwrap();
        assert_eq!(cached(&cache, 1).await, None);

        write(&queue, 1, 8).await;
        cache.try_flush_namespace().await.unwrap();
        assert_eq!(cached(&cache, 1).await, Some(8), "the database has an older row yet");
        in_time("the end", table.flush(&queue).shutdown()).await;
        assert_eq!(cached(&cache, 1).await, None);
        assert_eq!(table.rows()[&1], 8);
    }
}
