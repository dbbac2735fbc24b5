//! How a transaction ends: with its future, before it, or in doubt; and those who outlast it.

use std::{convert::Infallible, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::oneshot,
    task::yield_now,
    time::{advance, timeout},
};

use super::{
    super::{Transaction, commit, transaction},
    POLICY, SECOND, is_vacant, load, write, writers,
};
use crate::cache::Cache;

#[tokio::test(start_paused = true)]
async fn fences_are_renewed_while_it_lives() {
    let cache = Cache::in_memory();
    transaction(async {
        write(&cache, "k").await;
        for _ in 0..60 {
            advance(10 * SECOND).await;
            yield_now().await;
            assert_eq!(writers(&cache, "k").await, 1);
        }
    })
    .await;
    assert!(is_vacant(&cache, "k").await);
}

/// Whether the fence of `k` stands for the time of a transaction's fences, and no longer.
async fn falls_by_itself(cache: &Cache) {
    for _ in 0..5 {
        assert_eq!(writers(cache, "k").await, 1);
        advance(10 * SECOND).await;
        yield_now().await;
    }
    advance(11 * SECOND).await;
    yield_now().await;
    assert_eq!(writers(cache, "k").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_is_dropped_leaves_its_fences() {
    let cache = Cache::in_memory();
    let mut handle = None;
    let dropped = transaction(async {
        write(&cache, "k").await;
        handle = Transaction::current();
        std::future::pending::<()>().await
    });
    assert!(timeout(SECOND, dropped).await.is_err());
    // A handle that is left does not keep it up.
    assert!(handle.is_some());
    falls_by_itself(&cache).await;
}

#[tokio::test(start_paused = true)]
async fn a_transaction_that_panics_leaves_its_fences() {
    let cache = Cache::in_memory();
    let panics = transaction(async {
        write(&cache, "k").await;
        panic!("this is meant");
    });
    assert!(AssertUnwindSafe(panics).catch_unwind().await.is_err());
    falls_by_itself(&cache).await;
}

#[tokio::test(start_paused = true)]
async fn a_commit_without_an_answer_leaves_its_fences() {
    let cache = Cache::in_memory();
    let failed = transaction(async {
        write(&cache, "k").await;
        commit(async { Err::<(), _>("the connection was lost") }).await
    });
    assert!(failed.await.is_err());
    falls_by_itself(&cache).await;

    transaction(async {
        write(&cache, "k").await;
        let late = commit(std::future::pending::<Result<(), ()>>());
        assert!(timeout(SECOND, late).await.is_err());
    })
    .await;
    falls_by_itself(&cache).await;

    transaction(async {
        write(&cache, "k").await;
        commit(async { Ok::<_, ()>(()) }).await.expect("it is");
    })
    .await;
    assert!(is_vacant(&cache, "k").await);
    assert_eq!(commit(async { Err::<(), _>(1) }).await, Err(1), "without a scope it only runs it");
}

#[tokio::test(start_paused = true)]
async fn the_fences_time_can_be_set() {
    let builder = Cache::builder().transaction_fence_time(5 * SECOND);
    let cache = builder.build().await.expect("memory");
    let dropped = transaction(async {
        write(&cache, "k").await;
        std::future::pending::<()>().await
    });
    assert!(timeout(SECOND, dropped).await.is_err());
    advance(6 * SECOND).await;
    yield_now().await;
    assert_eq!(writers(&cache, "k").await, 0);
    assert!(Cache::builder().transaction_fence_time(Duration::ZERO).build().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_handle_after_the_end_settles_at_once() {
    let cache = Cache::in_memory();
    let handle = transaction(async { Transaction::current() }).await.expect("it was one");
    load(&cache, "k", 1).await;
    handle
        .run(async {
            assert_eq!(load(&cache, "k", 2).await, 2, "its reads go past the cache");
            let fence = cache.fence(["k"]).await;
            assert_eq!(writers(&cache, "k").await, 1);
            fence.settle().await;
            assert!(is_vacant(&cache, "k").await);
            write(&cache, "k").await;
            cache.invalidate("k").await;
            assert!(is_vacant(&cache, "k").await, "and leave nothing");
            transaction(write(&cache, "k")).await;
            assert!(is_vacant(&cache, "k").await, "a new one works");
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_outlasts_the_scope_settles_by_itself() {
    let cache = Cache::in_memory();
    let (go_on, held) = oneshot::channel::<()>();
    let late = transaction(async {
        let (scope, ours) = (Transaction::current().expect("this is one"), cache.clone());
        let late = tokio::spawn(async move {
            let write = || held;
            scope.run(ours.write_through("k", &POLICY, write)).await
        });
        yield_now().await;
        assert_eq!(writers(&cache, "k").await, 1);
        Some(late)
    })
    .await;
    let late = late.expect("it is spawned");
    assert!(is_vacant(&cache, "k").await);
    load(&cache, "k", 1).await;
    go_on.send(()).expect("it waits");
    late.await.expect("no panic").expect("it was told");
    assert!(is_vacant(&cache, "k").await);
}

#[tokio::test(start_paused = true)]
async fn the_first_writer_may_be_dropped_and_the_next_one_fences() {
    let cache = Cache::in_memory();
    transaction(async {
        drop(Box::pin(cache.invalidate("k")));
        let body = || async { std::future::pending::<Result<u32, Infallible>>().await };
        let dropped = cache.write_through("k", &POLICY, body);
        assert!(timeout(SECOND, dropped).await.is_err());
        assert_eq!(writers(&cache, "k").await, 1, "the transaction goes on, and so does its fence");
    })
    .await;
    assert!(is_vacant(&cache, "k").await);
}
