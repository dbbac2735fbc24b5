//! Invalidations that the store has not confirmed: no old value is served in this process meanwhile, and all of them
//! arrive, each once, the oldest first.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cache_runtime::{Builder, Cache, Error, Policy, cached, invalidates, write_through};
use cache_tests::{
    patience::{eventually, in_time},
    server::{RedisServer, free_port},
    source::Source,
};

const DEADLINE: Duration = Duration::from_millis(200);
const POLICY: Policy = Policy::ttl(3600);

#[cached(key = "row:<id>", ttl = 3600, cache = cache, skip(cache, source))]
async fn row(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[cached(key = "row:<ids>", each = ids, ttl = 3600, cache = cache, skip(cache, source))]
async fn rows(cache: &Cache, source: &Source, ids: &[u64]) -> HashMap<u64, u64> {
    let query = source.query().await;
    ids.iter().map(|&id| (id, query)).collect()
}

#[cached(key = "tagged:<id>", tags = ["group"], lock, ttl = 3600, cache = cache, skip(cache, source))]
async fn tagged(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[cached(key = "stale:<id>", ttl = "20ms", stale_while_revalidate = 3600, stale_if_error = 3600,
    cache = cache, skip(cache, source))]
async fn stale(cache: &Cache, source: &Arc<Source>, id: u64) -> u64 {
    source.query().await
}

#[invalidates("row:<id>", "stale:<id>", tags("group"), cache = cache)]
async fn write(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[write_through(key = "row:<id>", ttl = 3600, invalidates("stale:<id>"), tags("group"), cache = cache)]
async fn write_value(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

fn over(server: &RedisServer) -> Builder {
    Cache::builder().url(&server.url()).deadline(DEADLINE).breaker(3, Duration::from_millis(100))
}

async fn built(builder: Builder) -> Cache {
    builder.build().await.expect("the settings are right")
}

fn owed(cache: &Cache) -> u64 {
    cache.stats().store.pending_invalidations
}

async fn nothing_is_owed(cache: &Cache) {
    eventually("everything is delivered", async || owed(cache) == 0).await;
}

/// What a read returns, by every way there is to read row 1.
async fn read(cache: &Cache, source: &Arc<Source>) -> [u64; 5] {
    [
        row(cache, source, 1).await,
        rows(cache, source, &[1, 2]).await[&1],
        tagged(cache, source, 1).await,
        stale(cache, source, 1).await,
        cache.get("row:1").await.ok().flatten().unwrap_or(u64::MAX),
    ]
}

async fn no_read_is_older(cache: &Cache, source: &Arc<Source>, written: u64, when: &str) {
    for _ in 0..10 {
        let read = read(cache, source).await;
        assert!(read.iter().all(|&read| read >= written), "{read:?} after {written}, {when}");
    }
}

/// How a row is written. The answer is a query of the source, and what is read afterwards is not older.
#[derive(Clone, Copy, Debug)]
enum Way {
    Invalidates,
    WriteThrough,
    Fence,
    Afterwards,
    Flush,
}

const WAYS: [Way; 5] =
    [Way::Invalidates, Way::WriteThrough, Way::Fence, Way::Afterwards, Way::Flush];

impl Way {
    async fn write(self, cache: &Cache, source: &Source) -> u64 {
        match self {
            Way::Invalidates => write(cache, source, 1).await,
            Way::WriteThrough => write_value(cache, source, 1).await,
            Way::Fence => {
                let keys = cache.fence(["row:1", "stale:1"]).await;
                let tags = cache.fence_tags(["group"]).await;
                let written = source.query().await;
                _ = (keys.settle().await, tags.settle().await);
                written
            }
            Way::Afterwards => {
                let written = source.query().await;
                for key in ["row:1", "stale:1"] {
                    _ = cache.invalidate(key).await;
                }
                _ = cache.invalidate_tags(["group"]).await;
                written
            }
            Way::Flush => {
                let written = source.query().await;
                _ = cache.flush_namespace().await;
                written
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Hangs,
    TakesNoWrites,
    Dies,
}

impl Fault {
    fn begin(self, server: &mut RedisServer) {
        match self {
            Fault::Hangs => server.pause(),
            Fault::TakesNoWrites => takes_no_writes(server),
            Fault::Dies => server.kill(),
        }
    }

    fn end(self, server: &mut RedisServer) {
        match self {
            Fault::Hangs => server.resume(),
            Fault::TakesNoWrites => takes_writes(server),
            Fault::Dies => server.restart_durable(),
        }
    }
}

/// Makes it a replica of nobody.
fn takes_no_writes(server: &RedisServer) {
    server.command(&["REPLICAOF", "127.0.0.1", &free_port().to_string()]);
}

fn takes_writes(server: &RedisServer) {
    server.command(&["REPLICAOF", "NO", "ONE"]);
}

#[tokio::test]
async fn no_read_is_older_than_a_write_during_a_hang() {
    is_missed(Fault::Hangs).await;
}

#[tokio::test]
async fn no_read_is_older_than_a_write_that_the_server_refuses() {
    is_missed(Fault::TakesNoWrites).await;
}

#[tokio::test]
async fn no_read_is_older_than_a_write_while_the_server_is_dead() {
    is_missed(Fault::Dies).await;
}

/// The server keeps what it holds all the while, and what it holds is old.
async fn is_missed(fault: Fault) {
    for way in WAYS {
        for already_open in [false, true] {
            let when = format!("{fault:?}, {way:?}, open before: {already_open}");
            in_time(&when, missed_write(fault, way, already_open, &when)).await;
        }
    }
}

async fn missed_write(fault: Fault, way: Way, already_open: bool, when: &str) {
    let mut server = RedisServer::start_durable();
    let cache = built(over(&server).namespace("shop")).await;
    let source = Source::open();
    let old = read(&cache, &source).await;
    assert_eq!(read(&cache, &source).await[..3], old[..3], "they are hits: {when}");
    fault.begin(&mut server);
    if already_open {
        for _ in 0..5 {
            _ = cache.get::<u64>("row:2").await;
        }
    }
    let written = way.write(&cache, &source).await;
    no_read_is_older(&cache, &source, written, when).await;
    fault.end(&mut server);
    while owed(&cache) > 0 {
        no_read_is_older(&cache, &source, written, when).await;
        tokio::task::yield_now().await;
    }
    no_read_is_older(&cache, &source, written, when).await;
    eventually("hits", async || {
        let [row, ..] = read(&cache, &source).await;
        read(&cache, &source).await[0] == row
    })
    .await;
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
    assert_eq!(owed(&cache), 1, "before the write begins");
    drop(fence);
    assert_eq!(owed(&cache), 1);
    server.resume();
    assert!(row(&cache, &source, 1).await > old);
    nothing_is_owed(&cache).await;
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
        assert!(cache.invalidate(format!("row:{}", write % 10)).await.is_err());
    }
    assert_eq!(owed(&cache), 10);
    let left = cache.drain(Duration::from_millis(10)).await.expect_err("there is no server");
    assert!(
        matches!(&left, Error::Unavailable(what) if what.contains("10 invalidations")),
        "{left}"
    );
    server.restart_empty();
    assert_eq!(in_time("the end", cache.drain(Duration::from_secs(20))).await, Ok(()));
    assert_eq!((owed(&cache), deletes(&server)), (0, 10));
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
    let cache = built(over(&server)).await;
    // It serves nobody, and can be told to log what it is told.
    server.command(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    takes_no_writes(&server);
    let order = [7, 3, 9, 1, 8, 2].map(|id| format!("row:{id}"));
    for key in order.iter().chain(&order) {
        assert!(cache.invalidate(key).await.is_err());
    }
    server.command(&["CONFIG", "SET", "slowlog-log-slower-than", "0"]);
    takes_writes(&server);
    nothing_is_owed(&cache).await;
    assert_eq!(told(&server), order);
}

#[tokio::test]
async fn what_there_is_no_room_for_is_counted_or_covered_by_the_namespace() {
    let mut server = RedisServer::start();
    let plain = built(over(&server).max_pending_invalidations(5)).await;
    let named = built(over(&server).max_pending_invalidations(5).namespace("shop")).await;
    server.kill();
    for id in 0..8 {
        assert!(plain.invalidate(format!("row:{id}")).await.is_err());
        assert!(named.invalidate(format!("row:{id}")).await.is_err());
    }
    let (plain_stats, named_stats) = (plain.stats().store, named.stats().store);
    assert_eq!((plain_stats.pending_invalidations, plain_stats.dropped_invalidations), (5, 3));
    assert_eq!((named_stats.pending_invalidations, named_stats.dropped_invalidations), (1, 0));
    server.restart_empty();
    nothing_is_owed(&plain).await;
    nothing_is_owed(&named).await;
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
    nothing_is_owed(&cache).await;
    for id in 0..10 {
        assert!(row(&cache, &source, id).await > written, "row {id}");
    }
    assert_eq!(cache.stats().store.dropped_invalidations, 0);
    let kept = cache.get_or_load("other", &POLICY, || async { Some(other.query().await) }).await;
    let again = cache.get_or_load("other", &POLICY, || async { Some(other.query().await) }).await;
    assert_eq!(kept, again, "it is a cache again");
}
