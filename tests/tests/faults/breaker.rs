//! The circuit breaker over a real server: calls that cost nothing while it is open, and recovery that nobody has to
//! call for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use cache_runtime::{Breaker, Builder, Cache, Error, cached, invalidates};
use cache_tests::{
    gate::Gate,
    herd::{Herd, counters},
    patience::{eventually, in_time},
    rows::row,
    server::RedisServer,
    source::Source,
    stores::built,
    wire::Wire,
};
use futures_util::future::join_all;

/// What an operation may take; a server that is well takes less on any machine.
const DEADLINE: Duration = Duration::from_millis(300);

/// So long that whoever waits for it a few times waits in vain.
const LONG: Duration = Duration::from_secs(3);

/// Nobody listens there.
const NOBODY: &str = "1";

#[cached(key = "locked:<id>", ttl = 3600, lock, tags = ["all"], cache = cache, skip(cache, source))]
async fn locked(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[invalidates("row:<id>", tags("all"), cache = cache, name = "write")]
async fn write(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

fn over(url: &str) -> Builder {
    Cache::builder().url(url).deadline(DEADLINE)
}

fn breaker(cache: &Cache) -> Breaker {
    cache.stats().store.breaker
}

/// Calls until the store is left alone.
async fn opens(cache: &Cache) {
    let source = Source::open();
    eventually("the breaker opens", async || {
        row(cache, &source, 1).await;
        breaker(cache) != Breaker::Closed
    })
    .await;
}

/// Waits, calling nothing, until the store is used again.
async fn closes(cache: &Cache) {
    eventually("the breaker closes", async || breaker(cache) == Breaker::Closed).await;
}

/// Every call is a load, nothing is asked of the store for it, and each is counted.
async fn calls_are_loads(cache: &Cache) {
    let source = Source::open();
    let before = cache.stats().store;
    for call in 0..50 {
        assert_eq!(row(cache, &source, 1).await, 2 * call + 1);
        assert_eq!(locked(cache, &source, 1).await, 2 * call + 2);
    }
    let after = cache.stats().store;
    assert_eq!(after.operations, before.operations);
    assert_eq!(after.rejected, before.rejected + 100);
    assert!(matches!(cache.get::<u64>("row:1").await, Err(Error::Unavailable(_))));
}

async fn is_hit(cache: &Cache) {
    let source = Source::open();
    let first = row(cache, &source, 1).await;
    for _ in 0..20 {
        assert_eq!(row(cache, &source, 1).await, first, "a hit");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_asked_nothing_and_is_back_by_itself() {
    let server = RedisServer::start();
    let wire = Wire::to(&server).await;
    let cache = built(over(&wire.url())).await;
    is_hit(&cache).await;
    for round in 1..=3 {
        server.pause();
        opens(&cache).await;
        let ((), passed) = wire.during(calls_are_loads(&cache)).await;
        assert!(passed.requests <= 1, "a probe at most: {passed:?}");
        server.resume();
        closes(&cache).await;
        assert_eq!(cache.stats().store.opened, round);
        is_hit(&cache).await;
    }
}

#[tokio::test]
async fn a_server_that_is_killed_is_back_by_itself() {
    let mut server = RedisServer::start();
    let cache = built(over(&server.url())).await;
    for round in 1..=3 {
        is_hit(&cache).await;
        server.kill();
        opens(&cache).await;
        calls_are_loads(&cache).await;
        server.restart_empty();
        closes(&cache).await;
        assert_eq!(cache.stats().store.opened, round);
        // Whatever the connection: all of them are back.
        let (source, errors) = (Source::open(), counters(&cache, "row").store_errors);
        for id in 0..50 {
            row(&cache, &source, id).await;
        }
        assert_eq!(counters(&cache, "row").store_errors, errors);
    }
}

/// Twice that is more than a duration can be.
#[tokio::test]
async fn a_cache_without_a_deadline_finds_its_server_again() {
    let mut server = RedisServer::start();
    let cache = built(over(&server.url()).deadline(Duration::MAX)).await;
    is_hit(&cache).await;
    server.kill();
    opens(&cache).await;
    server.restart_empty();
    closes(&cache).await;
    is_hit(&cache).await;
}

/// As behind a proxy that has forgotten one. The others do well, and nothing opens.
#[tokio::test]
async fn a_connection_that_brings_no_answers_is_made_anew() {
    let server = RedisServer::start();
    let gate = Gate::before(server.port()).await;
    let cache = built(over(&gate.url()).connections(2).breaker(u32::MAX, LONG)).await;
    let keys: Vec<String> = (0..40).map(|id| format!("row:{id}")).collect();
    let unseen = async || {
        let seen = join_all(keys.iter().map(|key| cache.get::<u64>(key))).await;
        seen.into_iter().filter(Result::is_err).count()
    };
    eventually("each connection is there", async || unseen().await == 0).await;
    gate.hold(0);
    let held = unseen().await;
    assert!((1..40).contains(&held), "{held} of 40 go over that connection");
    eventually("all are seen again", async || unseen().await == 0).await;
}

/// It is there, and serves nobody: a replica that must not answer without its master.
#[tokio::test]
async fn a_server_that_says_that_it_serves_nobody_is_left_alone() {
    let server = RedisServer::start();
    let cache = built(over(&server.url()).breaker(5, Duration::from_millis(50))).await;
    is_hit(&cache).await;
    server.command(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    server.command(&["REPLICAOF", "127.0.0.1", NOBODY]);
    opens(&cache).await;
    calls_are_loads(&cache).await;
    server.command(&["REPLICAOF", "NO", "ONE"]);
    closes(&cache).await;
    is_hit(&cache).await;
}

/// They come at once, and say that the server is well.
#[tokio::test]
async fn answers_that_refuse_a_write_open_nothing() {
    let server = RedisServer::start();
    let cache = built(over(&server.url())).await;
    let source = Source::open();
    let held = row(&cache, &source, 1).await;
    server.command(&["REPLICAOF", "127.0.0.1", NOBODY]);
    for _ in 0..10 {
        write(&cache, &source, 2).await;
        assert!(matches!(cache.try_put("row:3", &7, 60).await, Err(Error::Refused(_))));
        assert!(matches!(cache.try_invalidate("row:3").await, Err(Error::Refused(_))));
        assert_eq!(row(&cache, &source, 1).await, held, "reads go on");
    }
    server.command(&["REPLICAOF", "NO", "ONE"]);
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    for id in 10..30 {
        row(&cache, &source, id).await;
        assert_eq!(row(&cache, &source, 1).await, held, "reads go on");
    }
    assert_eq!((cache.stats().store.opened, breaker(&cache)), (0, Breaker::Closed));
}

/// With a deadline so long that a single wait is one too many.
#[tokio::test]
async fn writers_wait_for_nothing_once_it_is_open() {
    for hangs in [true, false] {
        let mut server = RedisServer::start();
        let cache = built(over(&server.url()).deadline(LONG).breaker(1, LONG)).await;
        let source = Source::open();
        if hangs {
            server.pause()
        } else {
            server.kill()
        }
        // All connections find out at the same time.
        drop(in_time("one deadline", cache.fence((0..50).map(|id| format!("row:{id}")))).await);
        assert_ne!(breaker(&cache), Breaker::Closed);
        let failures = cache.stats().store.failures;
        in_time("writes that wait for nothing", async {
            for id in 0..50 {
                write(&cache, &source, id).await;
                assert!(cache.try_invalidate(format!("row:{id}")).await.is_err());
            }
        })
        .await;
        if hangs {
            assert_eq!(cache.stats().store.failures, failures, "nothing was waited for in vain");
            server.resume();
        }
    }
}

#[tokio::test]
async fn no_more_operations_wait_than_may() {
    let server = RedisServer::start();
    let cache = over(&server.url()).max_waiting(10).breaker(u32::MAX, DEADLINE);
    let cache = built(cache).await;
    let source = Source::open();
    server.pause();
    let next = AtomicU64::new(0);
    let herd = Herd::of(100, || {
        let (cache, source, id) = (cache.clone(), Arc::clone(&source), next.fetch_add(1, Relaxed));
        async move { row(&cache, &source, id).await }
    });
    let answers = herd.answers().await;
    assert_eq!(answers.len(), 100);
    let stats = cache.stats();
    assert_eq!((stats.store.rejected, stats.store.operations), (90, 10));
    assert_eq!(counters(&cache, "row").store_errors, 100);
    server.resume();
    eventually("hits", async || {
        row(&cache, &source, 1).await;
        counters(&cache, "row").hits > 0
    })
    .await;
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let second = Duration::from_secs(1);
    let builder = Cache::builder;
    for (wrong, instead) in [
        (builder().breaker(0, second), "u32::MAX"),
        (builder().breaker(5, Duration::ZERO), "milliseconds"),
        (builder().max_waiting(0), "disabled"),
        (builder().max_pending_invalidations(0), "1 or more"),
    ] {
        let error = wrong.build().await.expect_err("it makes no sense");
        assert!(matches!(&error, Error::Config(what) if what.contains(instead)), "{error}");
    }
}
