//! With `lock`, one load for all who want the same rows, whatever becomes of the one that loads.

use std::{sync::Arc, time::Duration};

use cache_runtime::Policy;
use cache_tests::{
    dialogue::Dialogue,
    herd::{self, Herd, missed},
    patience::{eventually, in_time},
    server::RedisServer,
    source::{Served, Source},
    stores::{on_each_store, patient_cache},
};
use tokio::task::JoinHandle;

use super::{LOCKED, PLAIN, Table, rows};

/// A call that goes on in the background.
fn begin(table: &Table, ids: &'static [u64]) -> JoinHandle<std::collections::HashMap<u64, u64>> {
    let table = table.clone();
    tokio::spawn(async move { table.find(&LOCKED, ids).await })
}

async fn waits(table: &Table, calls: u64) {
    let what = format!("{calls} calls wait for another's load");
    eventually(&what, async || table.counters().lock_waits == calls).await;
}

#[tokio::test]
async fn a_thousand_callers_of_one_process_cost_one_load() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let herd = Herd::of(1000, || {
            let table = table.clone();
            async move { table.find(&LOCKED, &[1, 2, 3, 4, 5]).await }
        });
        missed(&cache, "rows", 5000).await;
        table.source.answer_all();
        let all = rows([1, 2, 3, 4, 5].map(|id| (id, 1)));
        assert!(herd.answers().await.into_iter().all(|answer| answer == all));
        assert_eq!(table.source.queries(), 1);
        assert_eq!(table.counts(), [0, 0, 5000, 1]);
    })
    .await;
}

#[tokio::test]
async fn callers_of_two_processes_cost_one_load_of_each_row() {
    const CALLERS: usize = 100;
    let server = RedisServer::start();
    let source = Source::held();
    let served = Served::start(&source).await.expect("loopback has a free port");
    let (url, address) = (server.url(), served.address().to_string());
    let mut processes = ["1", "2"].map(|name| {
        let arguments = [&*url, &address, name, &CALLERS.to_string()];
        let worker = env!("CARGO_BIN_EXE_batch-worker");
        Dialogue::with_process(worker, &arguments).expect("the worker starts")
    });
    for process in &mut processes {
        process.hear("waiting").await;
    }
    source.answer_all();
    let callers_have = format!("{CALLERS} callers have ");
    let [ours, theirs] = &mut processes;
    // Each query answers another value, so a row of two loads would have two.
    assert_eq!(ours.hear_after(&callers_have).await, theirs.hear_after(&callers_have).await);
    // Each process may have been the first with some of the rows: they are asked for over several connections.
    assert!(source.queries() <= 2);
}

#[tokio::test]
async fn callers_of_two_caches_replace_what_has_expired_once() {
    const BRIEF: Policy = Policy::ttl_duration(Duration::from_millis(1)).stale_if_error(3600);
    const FORGIVING: Policy = LOCKED.stale_if_error(3600);
    let server = RedisServer::start();
    let ours = Table::new(&patient_cache(&server.url()).await, Source::held());
    let theirs = Table { cache: patient_cache(&server.url()).await, ..ours.clone() };
    ours.source.answer(1);
    ours.find(&BRIEF, &[1, 2, 3]).await;
    let expired = async || ours.cache.get::<u64>("row:3").await == Ok(None);
    eventually("the last of the rows has expired", expired).await;

    let herds = [&ours, &theirs].map(|table| {
        Herd::of(50, || {
            let table = table.clone();
            async move { table.find(&FORGIVING, &[1, 2, 3]).await }
        })
    });
    ours.source.asked(2).await;
    let waits = async || ours.counters().lock_waits + theirs.counters().lock_waits == 99;
    eventually("all others wait", waits).await;
    // They do so by looking alone.
    let looks = server.calls()["mget"];
    let acquisitions = server.calls()["set"];
    eventually("all look again", async || server.calls()["mget"] > looks + 300).await;
    assert_eq!(server.calls()["set"], acquisitions);
    ours.source.answer_all();
    for herd in herds {
        let all = rows([1, 2, 3].map(|id| (id, 2)));
        assert_eq!(herd.answers().await, vec![all; 50]);
    }
    assert_eq!(ours.source.queries(), 2);
}

#[tokio::test]
async fn waiters_take_over_from_a_caller_that_is_dropped() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let first = begin(&table, &[1, 2]);
        table.source.asked(1).await;
        let second = begin(&table, &[1, 2]);
        waits(&table, 1).await;
        first.abort();
        table.source.asked(2).await;
        table.source.answer_all();
        let found = in_time("the second load", second).await.expect("it does not panic");
        assert_eq!(found, rows([(1, 2), (2, 2)]));
        assert_eq!(table.find(&PLAIN, &[1, 2]).await, found, "it is stored");
        assert_eq!(table.source.queries(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_caller_frees_its_leases() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let call = begin(&table, &[1, 2]);
        table.source.asked(1).await;
        call.abort();
        assert!(call.await.is_err_and(|e| e.is_cancelled()));
        // Leases that stood would stand for an hour.
        let one = Table::open(&cache);
        for id in [1, 2] {
            let found = in_time("a free lease", one.find_one_locked(id)).await;
            assert_eq!(found, Some(id));
        }
    })
    .await;
}

#[tokio::test]
async fn one_that_loads_a_row_holds_up_the_batch_that_wants_only_that() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let one = tokio::spawn({
            let table = table.clone();
            async move { table.find_one_locked(1).await }
        });
        table.source.asked(1).await;
        let batch = begin(&table, &[1]);
        waits(&table, 1).await;
        table.source.answer_all();
        assert_eq!(batch.await.expect("it does not panic"), rows([(1, 1)]));
        assert_eq!(one.await.expect("it does not panic"), Some(1));
        assert_eq!(table.source.queries(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_batch_holds_up_those_that_want_one_of_its_rows() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let batch = begin(&table, &[1, 2]);
        table.source.asked(1).await;
        let ones = Herd::of(10, || {
            let table = table.clone();
            async move { table.find_one_locked(2).await }
        });
        let what = "the first of them waits";
        eventually(what, async || herd::counters(&cache, "row").lock_waits == 1).await;
        table.source.answer_all();
        assert_eq!(ones.answers().await, [Some(1); 10]);
        assert_eq!(batch.await.expect("it does not panic"), rows([(1, 1), (2, 1)]));
        assert_eq!(table.source.queries(), 1);
    })
    .await;
}

#[tokio::test]
async fn batches_that_overlap_do_not_wait_for_each_other() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let first = begin(&table, &[1, 2]);
        table.source.asked(1).await;
        let second = begin(&table, &[2, 3]);
        table.source.asked(2).await;
        let third = begin(&table, &[1, 3]);
        waits(&table, 1).await;
        table.source.answer(2);
        assert_eq!(first.await.expect("it does not panic"), rows([(1, 1), (2, 1)]));
        assert_eq!(second.await.expect("it does not panic"), rows([(2, 2), (3, 2)]));
        let found = in_time("the values of both", third).await.expect("it does not panic");
        assert_eq!(found, rows([(1, 1), (3, 2)]));
        // The second one could not store what the first one was loading.
        assert_eq!(table.find(&PLAIN, &[1, 2, 3]).await, rows([(1, 1), (2, 1), (3, 2)]));
        assert_eq!(table.source.queries(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_loaded_elsewhere_is_not_waited_for() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let first = begin(&table, &[1]);
        table.source.asked(1).await;
        let open = Table::open(&cache);
        open.source.query().await;
        let found = in_time("no waiting", open.find(&LOCKED, &[1, 2])).await;
        assert_eq!(found, rows([(1, 2), (2, 2)]));
        table.source.answer_all();
        first.await.expect("it does not panic");
        assert_eq!(open.find(&PLAIN, &[1, 2]).await, rows([(1, 1), (2, 2)]));
    })
    .await;
}

#[tokio::test]
async fn whoever_has_waited_enough_loads_and_stores_nothing() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let table = Table::new(&cache, Source::held());
    let first = begin(&table, &[1, 2]);
    table.source.asked(1).await;
    let open = Table { source: Source::open(), ..table.clone() };
    open.source.query().await;
    let impatient = PLAIN.wait(Duration::from_millis(50));
    assert_eq!(open.find(&impatient, &[1, 2]).await, rows([(1, 2), (2, 2)]));
    assert_eq!(open.counters().lock_waits, 1);
    table.source.answer_all();
    first.await.expect("it does not panic");
    assert_eq!(open.find(&PLAIN, &[1, 2]).await, rows([(1, 1), (2, 1)]));
}

#[tokio::test]
async fn without_a_lock_nobody_waits() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let first = begin(&table, &[1, 2]);
        table.source.asked(1).await;
        let open = Table { source: Source::open(), ..table.clone() };
        assert_eq!(in_time("no waiting", open.find(&PLAIN, &[1, 2])).await.len(), 2);
        table.source.answer_all();
        first.await.expect("it does not panic");
        assert_eq!(Arc::clone(&open.source).queries(), 1);
        assert_eq!(open.counters().lock_waits, 0);
    })
    .await;
}
