//! `on_unavailable = "error"`: a write that no process could be told of is not made, and its caller is told so.

use std::time::Duration;

use cache_runtime::{Cache, Error, invalidates, write_through};
use cache_tests::{
    herd::counters,
    patience::eventually,
    port::Port,
    rows::row,
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};

#[derive(Clone, Debug, PartialEq)]
enum Refused {
    Cache(Error),
    Database,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Cache(error)
    }
}

/// The type is not to be known by its spelling.
type Answer<T> = std::result::Result<T, Refused>;

#[invalidates("row:<id>", tags("rows"), on_unavailable = "error", cache = cache, name = "drop")]
async fn drop_row(cache: &Cache, source: &Source, id: u64) -> Answer<u64> {
    Ok(source.query().await)
}

#[invalidates("row:<id>", "row:<return>", on_unavailable = "error", cache = cache, name = "move")]
async fn move_row(cache: &Cache, source: &Source, id: u64) -> Answer<Option<u64>> {
    Ok(Some(source.query().await))
}

#[write_through(key = "row:<id>", ttl = 3600, on_unavailable = "error", cache = cache, name = "put")]
async fn put_row(cache: &Cache, source: &Source, id: u64) -> Answer<u64> {
    Ok(source.query().await)
}

#[write_through(key = "row:<id>", ttl = 3600, on_unavailable = "error", cache = cache, name = "fail")]
async fn fail_row(cache: &Cache, source: &Source, id: u64) -> Answer<u64> {
    source.query().await;
    Err(Refused::Database)
}

/// Each write is made once, and each answer is the body's.
async fn all_are_made(cache: &Cache, source: &Source) {
    let made = source.queries();
    assert!(drop_row(cache, source, 1).await.is_ok());
    assert!(move_row(cache, source, 1).await.is_ok());
    let put = put_row(cache, source, 1).await;
    assert_eq!(row(cache, source, 1).await, put.expect("it is made"), "the value was left");
    assert_eq!(fail_row(cache, source, 1).await, Err(Refused::Database));
    assert_eq!(source.queries() - made, 4);
    assert_eq!(cache.stats().total().refused, 0);
}

/// No body runs, and each answer is the cache's error.
async fn all_are_refused(cache: &Cache) {
    let source = Source::open();
    let (before, after) = (cache.stats().total().refused, ["drop", "move", "put", "fail"]);
    let errors = [
        drop_row(cache, &source, 1).await.map(drop),
        move_row(cache, &source, 1).await.map(drop),
        put_row(cache, &source, 1).await.map(drop),
        fail_row(cache, &source, 1).await.map(drop),
    ];
    for error in errors {
        let Err(Refused::Cache(Error::Unavailable(what))) = &error else { panic!("{error:?}") };
        assert!(what.contains("refused before it began"), "{what}");
    }
    assert_eq!(source.queries(), 0, "nothing was written");
    assert_eq!(cache.stats().total().refused - before, 4);
    for name in after {
        assert_eq!(counters(cache, name).invalidations, counters(cache, "put").invalidations);
    }
}

#[tokio::test]
async fn a_store_that_works_refuses_nothing() {
    on_each_store(async |cache| all_are_made(&cache, &Source::open()).await).await;
}

#[tokio::test]
async fn a_cache_that_is_disabled_refuses_nothing() {
    let (cache, source) = (Cache::disabled(), Source::open());
    assert_eq!(drop_row(&cache, &source, 1).await, Ok(1));
    assert_eq!(put_row(&cache, &source, 1).await, Ok(2));
}

#[tokio::test]
async fn a_server_that_is_not_there_refuses_all() {
    let port = Port::take();
    let cache = patient_cache(&format!("redis://127.0.0.1:{port}")).await;
    for _ in 0..3 {
        all_are_refused(&cache).await;
    }
    let fence = cache.fence(["row:1"]).await;
    assert!(matches!(fence.confirmed().await, Err(Error::Unavailable(_))));

    let _server = RedisServer::start_on(port);
    let source = Source::open();
    eventually("a write is made", async || drop_row(&cache, &source, 1).await.is_ok()).await;
    let fence = cache.fence(["row:1"]).await.confirmed().await.expect("it is there");
    assert_eq!(fence.try_settle().await, Ok(()));
}

/// A fence that was not answered in time may stand: it must not be left standing by a write that was not made.
#[tokio::test]
async fn a_server_that_hangs_is_left_without_fences() {
    let server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).deadline(Duration::from_millis(200));
    let cache = cache.fence_time(Duration::from_secs(3600)).build().await.expect("it is there");
    let source = Source::open();
    row(&cache, &source, 1).await;
    server.pause();
    all_are_refused(&cache).await;
    server.resume();
    let (hits, refused) = (async || cache.stats().total().hits, cache.stats().total().refused);
    eventually("hits resume", async || {
        let before = hits().await;
        row(&cache, &source, 1).await;
        hits().await > before
    })
    .await;
    eventually("a write is made", async || put_row(&cache, &source, 1).await.is_ok()).await;
    assert!(cache.stats().total().refused >= refused);
}
