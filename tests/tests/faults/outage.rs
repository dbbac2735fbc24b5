//! The cache can die: its server not there, killed, hung, restarted, or refusing, and what callers see of it.

use std::{sync::Arc, time::Duration};

use cache_runtime::{Cache, Error};
use cache_tests::{
    herd::{Herd, counters, missed},
    patience::{eventually, in_time},
    port::Port,
    rows::{locked, row, write},
    server::RedisServer,
    source::Source,
    stores::{HASTE, hasty_cache, patient_cache},
};
use tokio::time::Instant;

/// A call that takes longer has waited for something without a deadline.
const HANG: Duration = Duration::from_secs(4);

/// Calls both functions again and again: each is answered by a load, in time, after one failed operation
/// on the store at most.
async fn each_call_is_loaded(cache: &Cache) {
    let source = Source::open();
    for call in 1..=10 {
        let errors = cache.stats().total().store_errors;
        let began = Instant::now();
        let answer = match call % 2 {
            0 => row(cache, &source, 1).await,
            _ => locked(cache, &source, 1).await,
        };
        assert_eq!(answer, call, "every call loads");
        assert!(began.elapsed() < HANG, "call {call} took {:?}", began.elapsed());
        assert_eq!(cache.stats().total().store_errors - errors, 1, "call {call}");
    }
}

/// Callers that come while a load is under way share the next one.
async fn callers_share_loads(cache: &Cache) {
    let source = Source::held();
    let before = counters(cache, "row").misses;
    let herd = Herd::of(100, || {
        let (cache, source) = (cache.clone(), Arc::clone(&source));
        async move { row(&cache, &source, 1).await }
    });
    missed(cache, "row", before + 100).await;
    source.answer_all();
    herd.answers().await;
    assert!(source.queries() <= 2, "{} loads for callers that came together", source.queries());
}

/// Calls until one call after the other is a hit.
async fn hits_resume(cache: &Cache) {
    const CALLS: u64 = 20;
    let source = Source::open();
    eventually("every call is a hit", async || {
        let hits = counters(cache, "row").hits;
        for _ in 0..CALLS {
            row(cache, &source, 1).await;
        }
        counters(cache, "row").hits - hits == CALLS
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_never_there() {
    let port = Port::take();
    let cache = hasty_cache(&format!("redis://127.0.0.1:{port}")).await;
    each_call_is_loaded(&cache).await;
    callers_share_loads(&cache).await;
    assert!(matches!(cache.get::<u64>("row:1").await, Err(Error::Unavailable(_))));
    assert!(matches!(cache.try_put("row:1", &7, 60).await, Err(Error::Unavailable(_))));
    // It is told again when the server is there, so it must not be the key that is to be hit.
    assert!(matches!(cache.try_invalidate("row:2").await, Err(Error::Unavailable(_))));

    let _server = RedisServer::start_on(port);
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_is_killed() {
    let mut server = RedisServer::start();
    let cache = hasty_cache(&server.url()).await;
    for _ in 0..3 {
        hits_resume(&cache).await;
        server.kill();
        // The first call may still find out that the connection is gone, and that no other is to be had.
        row(&cache, &Source::open(), 1).await;
        each_call_is_loaded(&cache).await;
        callers_share_loads(&cache).await;
        server.restart_empty();
    }
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_hangs() {
    let server = RedisServer::start();
    let cache = hasty_cache(&server.url()).await;
    hits_resume(&cache).await;
    server.pause();
    each_call_is_loaded(&cache).await;
    callers_share_loads(&cache).await;
    server.resume();
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_hangs_before_the_first_connection() {
    let server = RedisServer::start();
    server.pause();
    let cache = in_time("a cache", hasty_cache(&server.url())).await;
    each_call_is_loaded(&cache).await;
    callers_share_loads(&cache).await;
    server.resume();
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_goes_while_a_load_is_under_way() {
    for hang in [false, true] {
        let mut server = RedisServer::start();
        let cache = hasty_cache(&server.url()).await;
        let source = Source::held();
        let herd = Herd::of(50, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { locked(&cache, &source, 1).await }
        });
        missed(&cache, "locked", 50).await;
        source.asked(1).await;
        if hang {
            server.pause()
        } else {
            server.kill()
        }
        source.answer_all();

        herd.answers().await;
        assert!(source.queries() <= 2, "those who came after the load began share another one");
        if hang {
            server.resume()
        } else {
            server.restart_empty()
        }
        hits_resume(&cache).await;
    }
}

#[tokio::test]
async fn a_write_goes_ahead_without_the_server() {
    let port = Port::take();
    let cache = hasty_cache(&format!("redis://127.0.0.1:{port}")).await;
    let source = Source::open();
    let began = Instant::now();
    assert_eq!(write(&cache, &source, 1).await, 1);
    assert!(began.elapsed() < HANG);
    // There is no other copy: each read loads.
    assert_eq!(row(&cache, &source, 1).await, 2);
    let written = counters(&cache, "write");
    assert_eq!((written.invalidations, written.store_errors), (1, 2));

    let fence = cache.fence(["row:1"]).await;
    assert!(!fence.stands());
    assert!(matches!(fence.try_settle().await, Err(Error::Unavailable(_))));
}

/// What was stored before the outage is still there after it, so the invalidation has to come first.
async fn a_write_during_a_hang_is_seen_after_it(server: RedisServer, cache: Cache) {
    let source = Source::open();
    let old = row(&cache, &source, 1).await;
    assert_eq!(row(&cache, &source, 1).await, old, "it is stored");
    server.pause();
    let written = write(&cache, &source, 1).await;
    assert!(row(&cache, &source, 1).await > written, "a read during the hang loads");
    server.resume();
    for _ in 0..50 {
        assert!(row(&cache, &source, 1).await > written, "the old value is never served");
    }
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_first_write_during_a_hang_is_seen_after_it() {
    let server = RedisServer::start();
    let cache = hasty_cache(&server.url()).await;
    a_write_during_a_hang_is_seen_after_it(server, cache).await;
}

#[tokio::test]
async fn another_write_during_a_hang_is_seen_after_it() {
    let server = RedisServer::start();
    let cache = hasty_cache(&server.url()).await;
    // The server knows the scripts from now on.
    write(&cache, &Source::open(), 1).await;
    assert_eq!(cache.try_invalidate("row:1").await, Ok(()));
    a_write_during_a_hang_is_seen_after_it(server, cache).await;
}

/// A fence whose answer came too late stands nonetheless; its writer is done, and so should the fence be.
#[tokio::test]
async fn a_write_during_a_hang_leaves_no_fence_behind() {
    let server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).deadline(HASTE);
    let cache = cache.fence_time(Duration::from_secs(3600)).build().await.expect("it is there");
    write(&cache, &Source::open(), 1).await;
    server.pause();
    write(&cache, &Source::open(), 1).await;
    server.resume();
    // Once the belated steps have all been taken.
    eventually("the fence is gone", async || {
        in_time("a reply", async { server.command(&["EXISTS", "row:1"]).trim() == ":0" }).await
    })
    .await;
    hits_resume(&cache).await;
}

/// Nothing can be stored or removed then, so what is stored may be served until the server takes writes
/// again: the limit that the documentation states. The write is not lost on the way.
#[tokio::test]
async fn a_write_while_the_server_is_read_only_is_seen_in_the_end() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let source = Source::open();
    assert_eq!(row(&cache, &source, 1).await, 1);
    let nobody = Port::take();
    server.command(&["REPLICAOF", "127.0.0.1", &nobody.to_string()]);
    assert_eq!(write(&cache, &source, 1).await, 2);
    server.command(&["REPLICAOF", "NO", "ONE"]);
    let fresh = async || row(&cache, &source, 1).await > 2;
    eventually("the write is seen", fresh).await;
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_is_full() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let source = Source::open();
    assert_eq!(row(&cache, &source, 1).await, 1);
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(row(&cache, &source, 1).await, 1, "what is there is served");
    assert_eq!(row(&cache, &source, 2).await, 2, "what is not is loaded");
    assert_eq!(row(&cache, &source, 2).await, 3);
    assert_eq!(write(&cache, &source, 1).await, 4);
    assert_eq!(row(&cache, &source, 1).await, 5, "what was written is gone, full or not");
    server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_restarted_server_has_no_scripts_and_needs_none() {
    let mut server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let source = Source::open();
    for round in 0..3 {
        match round {
            0 => {}
            1 => drop(server.command(&["SCRIPT", "FLUSH"])),
            _ => {
                server.restart_empty();
                // The connection is new too.
                eventually("it is back", async || cache.get::<u64>("none").await.is_ok()).await;
            }
        }
        let errors = cache.stats().total().store_errors;
        write(&cache, &source, 1).await;
        let loaded = row(&cache, &source, 1).await;
        assert_eq!(row(&cache, &source, 1).await, loaded, "it is a hit");
        assert_eq!(cache.try_put("row:1", &7, 60).await, Ok(()));
        assert_eq!(row(&cache, &source, 1).await, 7);
        assert_eq!(cache.try_invalidate("row:1").await, Ok(()));
        assert!(row(&cache, &source, 1).await > loaded);
        assert_eq!(cache.stats().total().store_errors, errors, "in round {round}");
    }
}

#[tokio::test]
async fn connections_that_are_cut_between_calls_cost_nothing() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let source = Source::open();
    for id in 0..8 {
        row(&cache, &source, id).await;
    }
    for _ in 0..20 {
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        // Enough keys to use all connections.
        for id in 0..8 {
            assert_eq!(row(&cache, &source, id).await, id + 1, "a hit");
        }
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        let written = write(&cache, &source, 100).await;
        assert_eq!(row(&cache, &source, 100).await, written + 1, "a load");
        assert_eq!(row(&cache, &source, 100).await, written + 1, "a hit");
    }
    let total = cache.stats().total();
    assert_eq!((source.queries(), total.store_errors), (8 + 20 * 2, 0));
}

#[tokio::test]
async fn a_connection_that_is_cut_in_the_middle_of_a_load() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let source = Source::held();
    let call = locked(&cache, &source, 1);
    let cut = async {
        source.asked(1).await;
        server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        source.answer_all();
    };
    let (answer, ()) = in_time("an answer", async { tokio::join!(call, cut) }).await;
    assert_eq!(answer, 1);
    // Whether its value was stored is another matter; that of the next call is.
    let next = in_time("an answer", locked(&cache, &source, 1)).await;
    assert_eq!(locked(&cache, &source, 1).await, next);
    assert!(source.queries() <= 2);
}

#[tokio::test]
async fn the_runtime_that_connected_may_be_gone() {
    let server = RedisServer::start();
    let url = server.url();
    // The connections live in the other runtime, and die with it.
    let cache = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime starts").block_on(patient_cache(&url))
    })
    .await
    .expect("it connects");
    hits_resume(&cache).await;
}

#[tokio::test]
async fn an_unreachable_server_is_no_error_and_a_malformed_url_is() {
    let port = Port::take();
    for url in [
        format!("redis://127.0.0.1:{port}"),
        format!("redis://user:pa55word@127.0.0.1:{port}/3"),
        format!("valkey://127.0.0.1:{port}"),
        "redis://no-such-host.invalid:6379".to_owned(),
    ] {
        let cache = in_time("a cache", Cache::connect(&url)).await;
        assert!(cache.is_ok(), "{url}: {cache:?}");
    }
    for url in [
        "",
        "127.0.0.1:6379",
        "pa55word",
        "redis://",
        "redis://user:pa55word@",
        "redis://user:pa55word@:6379:6380",
        "redis://user:pa55word@127.0.0.1:port",
        "redis://user:pa55word@127.0.0.1:99999",
        "redis://user:pa55word@[::1",
        "redis://user:pa55word@127.0.0.1:6379/shop",
        "redis://127.0.0.1:6379/0?password=pa55word@",
        "redis://127.0.0.1:6379/0?deadline=pa55word@",
        "redis://127.0.0.1:6379/0?deadline=0s",
        "redis://user:?pa55word@127.0.0.1:6379/0",
        "rediss://user:pa55word@127.0.0.1:port",
        "http://user:pa55word@127.0.0.1:6379",
        "memory://?size=pa55word",
        "memory://?capacity=0",
    ] {
        let error = Cache::connect(url).await.expect_err(url);
        let Error::Config(what) = &error else { panic!("{url}: {error:?}") };
        assert!(!what.contains("user:") && !what.contains("pa55word@"), "{url}: {what}");
        let helps = ["redis://host:6379/0", "capacity", "tls", "deadline of zero"];
        assert!(helps.iter().any(|help| what.contains(help)), "{url}: {what}");
    }
}
