//! Calls for very many keys, over a server: all of them are confirmed, and others are served meanwhile.

use std::time::Duration;

use cache_runtime::{Cache, Policy, invalidates};
use cache_tests::{herd::counters, server::RedisServer};

const ROW: Policy = Policy::ttl(60).name("row");

/// More than may wait for the server.
const KEYS: u32 = 11_000;

async fn patient(server: &RedisServer) -> Cache {
    // A busy machine may be slow.
    let cache = Cache::builder().url(&server.url()).deadline(Duration::from_secs(10));
    cache.build().await.expect("a good URL")
}

/// Reads a row as long as `call` is at work, and counts the reads.
async fn beside(cache: &Cache, call: impl Future<Output = ()>) -> u64 {
    let read = async {
        loop {
            let row = cache.get_or_load("row:1", &ROW, async || Some(7)).await;
            assert_eq!(row, Some(7));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = call => {}
        () = read => {}
    }
    counters(cache, "row").hits
}

#[tokio::test]
async fn a_fence_of_more_keys_than_may_wait_stands() {
    let server = RedisServer::start();
    let cache = patient(&server).await;
    let keys = || (0..KEYS).map(|id| format!("row:{id}:x"));
    let hits = beside(&cache, async {
        let fence = cache.fence(keys()).await.confirmed().await.expect("every key is fenced");
        assert_eq!(fence.try_settle().await, Ok(()));
    })
    .await;
    assert!(hits > 0, "others are served");
    let store = cache.stats().store;
    assert_eq!((store.rejected, store.failures, store.pending_invalidations), (0, 0, 0));
    assert_eq!(counters(&cache, "row").loads, 1);
}

#[tokio::test]
async fn so_do_tags_and_what_they_are_on_goes() {
    let server = RedisServer::start();
    let cache = patient(&server).await;
    let tagged = |id: u32| cache.tagged([format!("tag:{id}")]);
    for id in [0, KEYS / 2, KEYS - 1] {
        let load = async || Some(id);
        assert_eq!(tagged(id).get_or_load(format!("tagged:{id}"), &ROW, load).await, Some(id));
    }
    let tags = || (0..KEYS).map(|id| format!("tag:{id}"));
    assert_eq!(cache.try_invalidate_tags(tags()).await, Ok(()));
    for id in [0, KEYS / 2, KEYS - 1] {
        assert_eq!(tagged(id).get::<u32>(format!("tagged:{id}")).await, Ok(None));
    }
    let fence = cache.fence_tags(tags()).await;
    assert!(fence.stands());
    fence.settle().await;
    let store = cache.stats().store;
    assert_eq!((store.rejected, store.failures), (0, 0));
}

#[invalidates("row:<ids>:x", each = ids, cache = cache)]
async fn delete(cache: &Cache, ids: &[u32]) -> Result<(), String> {
    Ok(())
}

/// However little may wait, a call waits for its turn.
#[tokio::test]
async fn the_bound_on_what_waits_refuses_no_call_for_many_keys() {
    let server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).deadline(Duration::from_secs(10));
    let cache = cache.max_waiting(4).build().await.expect("a good URL");
    let ids: Vec<u32> = (0..500).collect();
    let all = || delete(&cache, &ids);
    let deleted = tokio::join!(all(), all(), all());
    assert_eq!(deleted, (Ok(()), Ok(()), Ok(())));
    let store = cache.stats().store;
    assert_eq!((store.rejected, store.pending_invalidations), (0, 0));
}

/// One that is dropped leaves its fences to fall by themselves, and its renewal does not outlive it.
#[tokio::test]
async fn a_fence_of_many_keys_that_is_dropped_stands_for_its_time_and_is_counted_out() {
    let server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).deadline(Duration::from_secs(10));
    let cache = cache.fence_time(Duration::from_secs(3)).build().await.expect("a good URL");
    let keys = || (0..1_000).map(|id| format!("row:{id}"));
    drop(cache.fence(keys()).await.confirmed().await.expect("every key is fenced"));
    let others = cache.fence(keys()).await;
    cache_tests::patience::eventually("the fences of the first are counted out", async || {
        let fence = server.command(&["GETRANGE", "row:999", "18", "-1"]);
        fence.trim_end().ends_with("11")
    })
    .await;
    others.settle().await;
    // What was contended is empty, and can be filled again.
    assert_eq!(cache.try_put("row:999", &7, 60).await, Ok(()));
    assert_eq!(cache.get("row:999").await, Ok(Some(7)));
}
