//! Invalidations that the store has not confirmed: no old value is served in this process meanwhile, and all of them
//! arrive, each once, the oldest first.

mod lost;
mod missed;

use std::{sync::Arc, time::Duration};

use cache_runtime::{Builder, Cache, Error, Policy, invalidates};
use cache_tests::{
    herd::{Herd, counters, missed},
    patience::{eventually, in_time},
    rows::row,
    server::RedisServer,
    source::Source,
    stores::{HASTE, built},
};

const POLICY: Policy = Policy::ttl(3600);

#[invalidates("row:<id>", "stale:<id>", tags("group"), cache = cache)]
async fn write(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

fn over(server: &RedisServer) -> Builder {
    Cache::builder().url(&server.url()).deadline(HASTE).breaker(3, Duration::from_millis(100))
}

fn pending(cache: &Cache) -> u64 {
    cache.stats().store.pending_invalidations
}

async fn nothing_is_pending(cache: &Cache) {
    eventually("everything is delivered", async || pending(cache) == 0).await;
}

/// Makes it a replica of nobody.
fn takes_no_writes(server: &RedisServer) {
    // Nobody listens on port 1.
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
}

fn takes_writes(server: &RedisServer) {
    server.command(&["REPLICAOF", "NO", "ONE"]);
}

/// The lease of a load from before the write stands yet, so the store would take what it has loaded, and take it as
/// proof that nothing was written.
#[tokio::test]
async fn a_load_from_before_is_neither_stored_nor_shared_with_those_who_came_after() {
    let server = RedisServer::start();
    let cache = built(over(&server)).await;
    for id in 0..5 {
        let source = Source::held();
        let call = || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            Herd::of(1, move || {
                let (cache, source) = (cache.clone(), Arc::clone(&source));
                async move { row(&cache, &source, id).await }
            })
        };
        let misses = counters(&cache, "row").misses;
        let before = call();
        source.asked(1).await;
        takes_no_writes(&server);
        assert!(cache.try_invalidate(format!("row:{id}")).await.is_err());
        let after = call();
        missed(&cache, "row", misses + 2).await;
        takes_writes(&server);
        source.answer_all();
        assert_eq!(before.answers().await, [1]);
        assert_eq!(after.answers().await, [2], "a load that began after the write");
        nothing_is_pending(&cache).await;
        assert!(row(&cache, &source, id).await >= 2);
    }
}

/// A writer that is dropped in the middle may have written.
#[tokio::test]
async fn a_writer_that_is_dropped_owes_as_much() {
    let server = RedisServer::start();
    let cache = built(over(&server)).await;
    let source = Source::open();
    let old = row(&cache, &source, 1).await;
    server.pause();
    let fence = cache.fence(["row:1"]).await;
    assert!(!fence.stands());
    assert_eq!(pending(&cache), 1, "before the write begins");
    drop(fence);
    assert_eq!(pending(&cache), 1);
    server.resume();
    assert!(row(&cache, &source, 1).await > old);
    nothing_is_pending(&cache).await;
    assert!(row(&cache, &source, 1).await > old);
}

fn deletes(server: &RedisServer) -> u64 {
    let calls = server.calls();
    calls.get("evalsha").copied().unwrap_or(0) + calls.get("eval").copied().unwrap_or(0)
}

#[tokio::test]
async fn a_thousand_writes_of_ten_keys_are_ten_deletes() {
    let mut server = RedisServer::start();
    let cache = built(over(&server)).await;
    server.kill();
    for write in 0..1_000 {
        assert!(cache.try_invalidate(format!("row:{}", write % 10)).await.is_err());
    }
    assert_eq!(pending(&cache), 10);
    let left = cache.drain(Duration::from_millis(10)).await.expect_err("there is no server");
    assert!(
        matches!(&left, Error::Unavailable(what) if what.contains("10 invalidations")),
        "{left}"
    );
    server.restart_empty();
    assert_eq!(in_time("the end", cache.drain(Duration::from_secs(20))).await, Ok(()));
    assert_eq!((pending(&cache), deletes(&server)), (0, 10));
}

/// The keys in the server's own log, in their order. A script's commands stand beside it.
fn told(server: &RedisServer) -> Vec<String> {
    let log = server.command(&["SLOWLOG", "GET", "-1"]);
    let mut keys: Vec<_> =
        log.lines().filter(|line| line.starts_with("row:")).map(str::to_owned).collect();
    keys.dedup();
    keys.reverse();
    keys
}

#[tokio::test]
async fn the_oldest_are_told_first() {
    let server = RedisServer::start();
    // Over several connections, each tells its own keys, the oldest first.
    let cache = built(over(&server).connections(1)).await;
    // It serves nobody, and can be told to log what it is told.
    server.command(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    takes_no_writes(&server);
    let order = [7, 3, 9, 1, 8, 2].map(|id| format!("row:{id}"));
    for key in order.iter().chain(&order) {
        assert!(cache.try_invalidate(key).await.is_err());
    }
    server.command(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    takes_writes(&server);
    nothing_is_pending(&cache).await;
    assert_eq!(told(&server), order);
}

#[tokio::test]
async fn what_there_is_no_room_for_is_counted_or_covered_by_the_namespace() {
    let mut server = RedisServer::start();
    let plain = built(over(&server).max_pending_invalidations(5)).await;
    let named = built(over(&server).max_pending_invalidations(5).namespace("shop")).await;
    server.kill();
    for id in 0..8 {
        assert!(plain.try_invalidate(format!("row:{id}")).await.is_err());
        assert!(named.try_invalidate(format!("row:{id}")).await.is_err());
    }
    let (plain_stats, named_stats) = (plain.stats().store, named.stats().store);
    assert_eq!((plain_stats.pending_invalidations, plain_stats.dropped_invalidations), (5, 3));
    assert_eq!((named_stats.pending_invalidations, named_stats.dropped_invalidations), (1, 0));
    server.restart_empty();
    nothing_is_pending(&plain).await;
    nothing_is_pending(&named).await;
}

/// A server that holds old values, and more keys than there is room for: the namespace ends all of them.
#[tokio::test]
async fn past_the_bound_a_namespace_serves_nothing_old() {
    let server = RedisServer::start();
    let cache = built(over(&server).max_pending_invalidations(3).namespace("shop")).await;
    let (source, other) = (Source::open(), Source::open());
    for id in 0..10 {
        row(&cache, &source, id).await;
    }
    server.pause();
    for id in 0..10 {
        write(&cache, &source, id).await;
    }
    let written = source.queries();
    server.resume();
    for id in (0..10).cycle().take(100) {
        assert!(row(&cache, &source, id).await > written, "row {id}");
    }
    nothing_is_pending(&cache).await;
    for id in 0..10 {
        assert!(row(&cache, &source, id).await > written, "row {id}");
    }
    assert_eq!(cache.stats().store.dropped_invalidations, 0);
    let kept = cache.get_or_load("other", &POLICY, || async { Some(other.query().await) }).await;
    let again = cache.get_or_load("other", &POLICY, || async { Some(other.query().await) }).await;
    assert_eq!(kept, again, "it is a cache again");
}
