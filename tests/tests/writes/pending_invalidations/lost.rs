//! Settlements that are lost with their connection: what stands for the writer falls as soon as the store can be told, and
//! not only with time.

use std::time::Duration;

use cache_runtime::{Cache, Fence};
use cache_tests::{
    patience::{eventually, in_time},
    rows::row,
    server::RedisServer,
    source::Source,
    stores::built,
};
use tokio::task::JoinHandle;

use super::nothing_is_pending;

/// Far longer than a test.
const LONG: Duration = Duration::from_secs(3600);

/// Settles over a connection that is cut before the server has taken the settlement.
async fn lost(server: &RedisServer, fence: Fence) -> JoinHandle<bool> {
    assert_eq!(server.command(&["CLIENT", "PAUSE", "600000", "WRITE"]), "+OK\r\n");
    let settled = tokio::spawn(async { fence.try_settle().await.is_ok() });
    let arrived = || server.command(&["INFO", "clients"]).contains("blocked_clients:1\r\n");
    eventually("the settlement", async || arrived()).await;
    server.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    settled
}

async fn cache(server: &RedisServer, deadline: Duration) -> Cache {
    built(Cache::builder().url(&server.url()).deadline(deadline).fence_time(LONG)).await
}

async fn is_stored(cache: &Cache, source: &Source) {
    let before = source.queries();
    assert_eq!(row(cache, source, 1).await, row(cache, source, 1).await);
    assert_eq!(source.queries(), before + 1, "the second one is a hit");
}

#[tokio::test]
async fn its_fence_falls_with_the_delete_that_is_sent_in_its_place() {
    let server = RedisServer::start();
    let cache = cache(&server, LONG).await;
    let fence = cache.fence(["row:1"]).await;
    let settled = lost(&server, fence).await;
    server.command(&["CLIENT", "UNPAUSE"]);
    assert!(in_time("the settlement", settled).await.expect("it does not panic"));
    is_stored(&cache, &Source::open()).await;
}

#[tokio::test]
async fn or_with_the_debt_that_is_paid_later() {
    let server = RedisServer::start();
    let cache = cache(&server, Duration::from_millis(200)).await;
    let fence = cache.fence(["row:1"]).await;
    let settled = lost(&server, fence).await;
    assert!(!in_time("an error", settled).await.expect("it does not panic"));
    assert_eq!(cache.stats().store.pending_invalidations, 1);
    server.command(&["CLIENT", "UNPAUSE"]);
    nothing_is_pending(&cache).await;
    is_stored(&cache, &Source::open()).await;
}

/// What another writer has joined is not ended for it.
#[tokio::test]
async fn a_fence_that_another_writer_has_joined_stands_on() {
    let server = RedisServer::start();
    let [ours, other] = [cache(&server, LONG).await, cache(&server, LONG).await];
    let fence = ours.fence(["row:1"]).await;
    let theirs = other.fence(["row:1"]).await;
    let settled = lost(&server, fence).await;
    server.command(&["CLIENT", "UNPAUSE"]);
    assert!(in_time("the settlement", settled).await.expect("it does not panic"));
    let source = Source::open();
    row(&ours, &source, 1).await;
    row(&ours, &source, 1).await;
    assert_eq!(source.queries(), 2, "nothing is stored under their fence");
    theirs.try_settle().await.expect("it can be reached");
}
