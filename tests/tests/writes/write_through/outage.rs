//! A store that is unwell: the write is made all the same, and nothing is left that nobody has vouched for.

use std::time::Duration;

use cache_runtime::{Cache, write_through};
use cache_tests::{
    gate::Gate,
    herd::counters,
    patience::{eventually, in_time},
    server::RedisServer,
    stores::built,
};

use super::{User, held, user};

/// Above what a busy server takes for an answer, and not much to wait for one that does not come.
const DEADLINE: Duration = Duration::from_secs(2);

#[write_through(
    key = "user:<id>",
    ttl = 60,
    invalidates("other"),
    cache = cache,
    name = "update",
)]
async fn update(cache: &Cache, id: u64, meanwhile: impl AsyncFnOnce()) -> User {
    meanwhile().await;
    user(id, "Ann")
}

#[write_through(key = "user:<id>", ttl = 60, tags = ["users"], cache = cache, name = "tagged")]
async fn tagged(cache: &Cache, id: u64, meanwhile: impl AsyncFnOnce()) -> User {
    meanwhile().await;
    user(id, "Ann")
}

async fn within_deadline(url: &str) -> Cache {
    built(Cache::builder().url(url).deadline(DEADLINE)).await
}

async fn nothing() {}

/// A fence whose answer is not waited for may be raised after others have written; so no value is left under it, even
/// where it happens to stand.
#[tokio::test]
async fn without_a_confirmed_fence_no_value_is_left() {
    let server = RedisServer::start();
    let gate = Gate::before(server.port()).await;
    let (gated, direct) =
        (within_deadline(&gate.url()).await, within_deadline(&server.url()).await);
    let ann = Some(user(1, "Ann"));
    let opened = async || gate.open();
    update(&gated, 1, nothing).await;
    assert_eq!(held(&direct, 1).await, ann, "the control");
    assert_eq!(counters(&gated, "update").store_errors, 0);
    gate.close();
    in_time("the write", update(&gated, 1, opened)).await;
    assert_eq!(held(&direct, 1).await, None);
    assert_eq!(counters(&gated, "update").store_errors, 1);
    // The settlement came all the same: the next one is the only writer, and leaves its value.
    update(&gated, 1, nothing).await;
    assert_eq!(held(&direct, 1).await, ann);
    // So it is with tags.
    let users = direct.tagged(["users"]);
    tagged(&gated, 1, nothing).await;
    assert_eq!(users.get("user:1").await, Ok(ann.clone()), "the control");
    gate.close();
    in_time("the write", tagged(&gated, 1, opened)).await;
    assert_eq!(users.get::<User>("user:1").await, Ok(None));
    assert_eq!(counters(&gated, "tagged").store_errors, 1);
}

#[tokio::test]
async fn a_write_is_made_without_a_server_too() {
    let mut server = RedisServer::start();
    let cache = within_deadline(&server.url()).await;
    update(&cache, 1, nothing).await;
    server.kill();
    assert_eq!(in_time("the write", update(&cache, 1, nothing)).await, user(1, "Ann"));
    assert!(cache.try_put("k", &1, 60).await.is_err());
    assert!(cache.try_invalidate_tags(["users"]).await.is_err());
    assert!(!cache.fence_tags(["users"]).await.stands());
    server.restart_empty();
    // Of a key that is owed this process would know without asking.
    eventually("the server is found again", async || cache.get::<User>("user:2").await == Ok(None))
        .await;
    // The write from before still owes the server a delete, which may come after another write.
    eventually("a value is left", async || {
        update(&cache, 1, nothing).await;
        held(&cache, 1).await == Some(user(1, "Ann"))
    })
    .await;
}
