//! Loads that fail, and stores that do.

use std::{collections::HashMap, time::Duration};

use cache_runtime::Cache;
use cache_tests::{
    patience::{eventually, in_time},
    port::Port,
    server::RedisServer,
    source::Source,
    stores::{hasty_cache, on_each_store},
};
use tokio::time::Instant;

use super::{LOCKED, PLAIN, Table, rows};

/// A call that takes longer has waited for something without a deadline.
const HANG: Duration = Duration::from_secs(4);

#[tokio::test]
async fn a_load_that_fails_stores_nothing_and_frees_its_leases() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        table.find(&PLAIN, &[1]).await;
        let load = async |ids: Vec<u64>| {
            assert_eq!(ids, [2, 3]);
            Err::<Vec<(u64, u64)>, _>("no database")
        };
        let key = |id: &u64| format!("row:{id}");
        let answer = cache.get_or_load_many(&[1, 2, 3], key, &LOCKED, load).await;
        assert_eq!(answer, Err("no database"));
        let found = in_time("free leases", table.find(&LOCKED, &[1, 2, 3])).await;
        assert_eq!(found, rows([(1, 1), (2, 2), (3, 2)]));
        let counters = table.counters();
        assert_eq!((counters.loads, counters.load_failures), (3, 1));
    })
    .await;
}

#[tokio::test]
async fn a_load_that_panics_stores_nothing_and_frees_its_leases() {
    on_each_store(async |cache| {
        let call = tokio::spawn({
            let cache = cache.clone();
            async move {
                let load = async |_| -> HashMap<u64, u64> {
                    panic!("the load panics, as the test wants it")
                };
                let key = |id: &u64| format!("row:{id}");
                cache.get_or_load_many(&[1, 2], key, &LOCKED, load).await
            }
        });
        assert!(call.await.is_err_and(|e| e.is_panic()));
        let table = Table::open(&cache);
        let found = in_time("free leases", table.find(&LOCKED, &[1, 2])).await;
        assert_eq!(found, rows([(1, 1), (2, 1)]));
    })
    .await;
}

/// Calls again and again: each is answered by one load, in time, after one failed operation on the store.
async fn each_call_is_loaded(cache: &Cache) {
    let table = Table::open(cache);
    for call in 1..=6 {
        let errors = table.counters().store_errors;
        let policy = if call % 2 == 0 { PLAIN } else { LOCKED };
        let began = Instant::now();
        assert_eq!(table.find(&policy, &[1, 2]).await, rows([(1, call), (2, call)]));
        assert!(began.elapsed() < HANG, "call {call} took {:?}", began.elapsed());
        assert_eq!(table.counters().store_errors - errors, 1, "call {call}");
    }
}

/// Calls until a call is answered from the cache.
async fn hits_resume(cache: &Cache) {
    let table = Table::open(cache);
    eventually("the rows are hits", async || {
        let queries = table.source.queries();
        table.find(&PLAIN, &[1, 2]).await;
        table.source.queries() == queries
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_never_there() {
    let port = Port::take();
    let cache = hasty_cache(&format!("redis://127.0.0.1:{port}")).await;
    each_call_is_loaded(&cache).await;
    let _server = RedisServer::start_on(port);
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_is_killed() {
    let mut server = RedisServer::start();
    let cache = hasty_cache(&server.url()).await;
    hits_resume(&cache).await;
    server.kill();
    // The first call may still find out that the connection is gone.
    Table::open(&cache).find(&PLAIN, &[1, 2]).await;
    each_call_is_loaded(&cache).await;
    server.restart_empty();
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_hangs() {
    let server = RedisServer::start();
    let cache = hasty_cache(&server.url()).await;
    hits_resume(&cache).await;
    server.pause();
    each_call_is_loaded(&cache).await;
    server.resume();
    hits_resume(&cache).await;
}

#[tokio::test]
async fn a_server_that_goes_while_a_load_is_under_way() {
    for hang in [false, true] {
        let mut server = RedisServer::start();
        let cache = hasty_cache(&server.url()).await;
        let table = Table::new(&cache, Source::held());
        let call = tokio::spawn({
            let table = table.clone();
            async move { table.find(&LOCKED, &[1, 2]).await }
        });
        table.source.asked(1).await;
        if hang {
            server.pause()
        } else {
            server.kill()
        }
        table.source.answer_all();
        let found = in_time("an answer", call).await.expect("it does not panic");
        assert_eq!(found, rows([(1, 1), (2, 1)]));
        assert_eq!(table.counters().store_errors, 1);
        if hang {
            server.resume()
        } else {
            server.restart_empty()
        }
        hits_resume(&cache).await;
    }
}

#[tokio::test]
async fn a_disabled_cache_asks_for_everything() {
    let table = Table::open(&Cache::disabled());
    assert_eq!(table.find(&PLAIN, &[1, 2, 1]).await, rows([(1, 1), (2, 1)]));
    assert_eq!(*table.asked(), [vec![1, 2, 1]]);
}
