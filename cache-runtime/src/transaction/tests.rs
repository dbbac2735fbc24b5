//! Transactions on the embedded store, on a paused clock.

mod endings;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{sync::oneshot, task::yield_now, time::advance};

use super::{Transaction, current, is_within, outside, transaction};
use crate::{
    cache::Cache,
    error::Error,
    policy::Policy,
    protocol::{Fenced, Reply, State, Step},
};

const POLICY: Policy = Policy::ttl(3600).stale_while_revalidate(60);
const SECOND: Duration = Duration::from_secs(1);

/// What the store has under a key.
async fn state(cache: &Cache, key: &str) -> State<crate::entry::Entry> {
    let guard = cache.inner.guard.as_ref().expect("it is enabled");
    match guard.run(key, Step::Read).await.expect("memory") {
        Reply::Found(state) => state,
        other => panic!("{other:?} is no answer to a read"),
    }
}

/// How many writers have fenced a key, if it is fenced.
async fn writers(cache: &Cache, key: &str) -> u32 {
    match state(cache, key).await {
        State::Fenced(Fenced { writers, .. }) => writers,
        _ => 0,
    }
}

async fn is_vacant(cache: &Cache, key: &str) -> bool {
    matches!(state(cache, key).await, State::Vacant)
}

async fn load(cache: &Cache, key: &str, value: u32) -> u32 {
    let load = || async move { Ok::<_, Infallible>(value) };
    let Ok(found) = cache.get_or_load(key, &POLICY, load).await;
    found
}

async fn write(cache: &Cache, key: &str) {
    let Ok(()) = cache.write_through(key, &POLICY, || async { Ok::<_, Infallible>(()) }).await;
}

#[tokio::test(start_paused = true)]
async fn reads_go_past_the_cache() {
    let cache = Cache::in_memory();
    assert_eq!(load(&cache, "k", 1).await, 1);
    transaction(async {
        assert_eq!(load(&cache, "k", 2).await, 2, "not the cached one");
        assert_eq!(cache.get::<u32>("k").await, Ok(None));
        assert_eq!(load(&cache, "other", 2).await, 2);
        let rows = |ids: Vec<u32>| async move {
            ids.into_iter().map(|id| (id, id * 10)).collect::<BTreeMap<_, _>>()
        };
        let (key, tens) = (|id: &u32| format!("row:{id}"), BTreeMap::from([(1, 10), (2, 20)]));
        assert_eq!(cache.get_or_load_many(&[1, 2, 1], key, &POLICY, rows).await, tens);
        assert_eq!(cache.get_or_load_many_owned(&[1, 2], key, &POLICY, rows).await, tens);
        let owned = || async { Ok::<_, Infallible>(3) };
        assert_eq!(cache.get_or_load_owned("k", &POLICY, owned).await, Ok(3));
        assert_eq!(cache.tagged(["t"]).get_or_load("k", &POLICY, owned).await, Ok(3));
    })
    .await;
    assert_eq!(cache.get::<u32>("k").await, Ok(Some(1)), "nothing was stored over it");
    for key in ["other", "row:1", "row:2"] {
        assert!(is_vacant(&cache, key).await, "{key}");
    }
    assert_eq!(cache.stats().total().bypassed, 6);
}

#[tokio::test(start_paused = true)]
async fn no_load_is_shared_in_either_direction() {
    let cache = Cache::in_memory();
    let (answer, held) = oneshot::channel::<u32>();
    let leader = {
        let cache = cache.clone();
        tokio::spawn(async move {
            let load = || held;
            cache.get_or_load("k", &POLICY, load).await
        })
    };
    yield_now().await;
    // It would wait for the leader for ever.
    assert_eq!(transaction(load(&cache, "k", 2)).await, 2);
    answer.send(1).expect("it waits");
    assert_eq!(leader.await.expect("no panic"), Ok(1));

    let (answer, held) = oneshot::channel::<u32>();
    let inside = {
        let cache = cache.clone();
        tokio::spawn(transaction(async move {
            let load = || held;
            cache.get_or_load("led", &POLICY, load).await
        }))
    };
    yield_now().await;
    assert_eq!(load(&cache, "led", 1).await, 1);
    answer.send(2).expect("it waits");
    assert_eq!(inside.await.expect("no panic"), Ok(2));
    assert_eq!(cache.get::<u32>("led").await, Ok(Some(1)));
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_in_the_background() {
    let cache = Cache::in_memory();
    let loads = Arc::new(AtomicU32::new(0));
    let call = || {
        let loads = Arc::clone(&loads);
        let load = || async move { Ok::<_, Infallible>(loads.fetch_add(1, Ordering::Relaxed)) };
        cache.get_or_load_owned("k", &POLICY, load)
    };
    assert_eq!(call().await, Ok(0));
    advance(3610 * SECOND).await;
    assert_eq!(transaction(call()).await, Ok(1), "an expired value would be served outside");
    for _ in 0..100 {
        yield_now().await;
    }
    assert_eq!(loads.load(Ordering::Relaxed), 2);
    assert_eq!(cache.stats().total().refreshes, 0);
}

#[tokio::test(start_paused = true)]
async fn writers_fence_once_and_settle_together_at_the_end() {
    let cache = Cache::in_memory();
    for key in ["a", "b", "c", "d", "#tag:t"] {
        load(&cache, key, 1).await;
    }
    let loader = crate::ReadThrough::new(cache.clone(), Policy::ttl(60), Rows);
    let ended: Result<(), &str> = transaction(async {
        write(&cache, "a").await;
        write(&cache, "a").await;
        cache.invalidate("a").await;
        cache.invalidate("b").await;
        cache.invalidate_tags(["t"]).await;
        let fence = cache.fence(["b", "c"]).await;
        assert!(fence.stands());
        fence.settle().await;
        drop(cache.fence_tags(["t"]).await);
        loader.invalidate(&"d".to_owned()).await;
        for key in ["a", "b", "c", "d", "#tag:t"] {
            assert_eq!(writers(&cache, key).await, 1, "{key}");
        }
        Err("rolled back")
    })
    .await;
    assert_eq!(ended, Err("rolled back"));
    for key in ["a", "b", "c", "d", "#tag:t"] {
        assert!(is_vacant(&cache, key).await, "{key}: a write-through leaves nothing");
    }
}

struct Rows;

impl crate::Loader for Rows {
    type Key = String;
    type Value = u32;
    type Error = Infallible;

    async fn load(&self, _: &String) -> Result<Option<u32>, Infallible> {
        Ok(Some(7))
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_is_read_past_the_cache() {
    let cache = Cache::in_memory();
    let rows = crate::ReadThrough::new(cache.clone(), Policy::ttl(60), Rows);
    let key = "k".to_owned();
    transaction(async {
        assert_eq!(rows.get(&key).await, Ok(Some(7)));
        assert_eq!(rows.get_many(std::slice::from_ref(&key)).await, Ok(vec![Some(7)]));
        assert!(is_vacant(&cache, "k").await);
        assert_eq!(rows.refresh(&key).await, Ok(Some(7)));
        assert!(matches!(rows.try_put(&key, &1).await, Err(Error::Transaction(_))));
        assert_eq!(writers(&cache, "k").await, 1);
    })
    .await;
    assert!(is_vacant(&cache, "k").await);
}

#[tokio::test(start_paused = true)]
async fn a_namespace_is_flushed_at_the_end() {
    let cache = Cache::builder().namespace("shop").build().await.expect("memory");
    load(&cache, "k", 1).await;
    transaction(async {
        cache.flush_namespace().await;
        assert_eq!(outside(load(&cache, "k", 2)).await, 2, "it is fenced, and not flushed once");
    })
    .await;
    assert_eq!(load(&cache, "k", 3).await, 3);
}

#[tokio::test(start_paused = true)]
async fn each_cache_has_fences_of_its_own() {
    let caches = [Cache::in_memory(), Cache::in_memory()];
    transaction(async {
        join_all(caches.iter().map(|cache| cache.invalidate("k"))).await;
        for cache in &caches {
            assert_eq!(writers(cache, "k").await, 1);
        }
    })
    .await;
    for cache in &caches {
        assert!(is_vacant(cache, "k").await);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_rolled_back_is_refused() {
    let cache = Cache::in_memory();
    let queue = cache.write_behind::<u32>("queue", &POLICY);
    cache.put("k", &1, 60).await;
    transaction(async {
        assert!(matches!(cache.try_put("k", &2, 60).await, Err(Error::Transaction(_))));
        // As for any value that is not stored.
        assert_eq!(writers(&cache, "k").await, 1);
        assert!(matches!(queue.write("q", &2).await, Err(Error::Transaction(_))));
    })
    .await;
    assert!(is_vacant(&cache, "k").await);
    assert_eq!(queue.len().await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn what_is_joined_is_in_it_and_what_is_spawned_is_not() {
    let cache = Cache::in_memory();
    transaction(async {
        let joined = async { is_within() };
        let spawned = tokio::spawn(async { is_within() });
        let handle = Transaction::current().expect("this is one");
        let ours = cache.clone();
        let carried = tokio::spawn(async move {
            handle.run(async move { (write(&ours, "k").await, is_within()).1 }).await
        });
        let (joined, spawned, carried) = tokio::join!(joined, spawned, carried);
        assert_eq!((joined, spawned.unwrap(), carried.unwrap()), (true, false, true));
        assert_eq!(writers(&cache, "k").await, 1, "it is settled with the rest");
    })
    .await;
    assert!(is_vacant(&cache, "k").await);
    assert!(!is_within() && current().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_scope_within_a_scope_is_part_of_it() {
    let cache = Cache::in_memory();
    transaction(async {
        let cancelled = transaction(async {
            write(&cache, "k").await;
            std::future::pending::<()>().await
        });
        assert!(tokio::time::timeout(SECOND, cancelled).await.is_err());
        transaction(write(&cache, "k")).await;
        assert_eq!(writers(&cache, "k").await, 1);
    })
    .await;
    assert!(is_vacant(&cache, "k").await);
}

#[tokio::test(start_paused = true)]
async fn outside_is_as_if_there_were_none() {
    let cache = Cache::in_memory();
    load(&cache, "k", 1).await;
    transaction(async {
        outside(async {
            assert!(Transaction::current().is_none());
            assert_eq!(load(&cache, "k", 2).await, 1);
            cache.invalidate("k").await;
            assert!(is_vacant(&cache, "k").await);
            transaction(write(&cache, "nested")).await;
            assert!(is_vacant(&cache, "nested").await, "a scope of its own");
        })
        .await;
        assert!(is_within());
    })
    .await;
    assert_eq!(outside(async { 1 }).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_disabled_is_left_alone() {
    let cache = Cache::disabled();
    transaction(async {
        write(&cache, "k").await;
        cache.invalidate("k").await;
        assert_eq!(load(&cache, "k", 1).await, 1);
    })
    .await;
}
