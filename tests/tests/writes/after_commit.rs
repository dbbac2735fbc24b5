//! What one calls after a commit cannot fail the request that has committed, and arrives all the same.

use std::{convert::Infallible, io};

use cache_runtime::{Cache, CacheKey, Loader, Policy, ReadThrough, invalidates, write_through};
use cache_tests::{
    patience::eventually,
    server::RedisServer,
    stores::{HASTE, built},
};

const POLICY: Policy = Policy::ttl(3600);
const TAG: [&str; 1] = ["tenant:7"];

#[derive(Clone, PartialEq, Eq, Hash, CacheKey)]
#[cache_key("row:<id>")]
struct Row {
    id: u32,
}

struct Rows;

impl Loader for Rows {
    type Key = Row;
    type Value = String;
    type Error = Infallible;

    async fn load(&self, _: &Row) -> Result<Option<String>, Infallible> {
        Ok(Some("new".to_owned()))
    }
}

/// JSON has no keys of this type.
#[derive(serde::Serialize, serde::Deserialize)]
struct Unencodable {
    map: std::collections::HashMap<(u8, u8), u8>,
}

fn unencodable() -> Unencodable {
    Unencodable { map: [((1, 2), 3)].into() }
}

#[invalidates("row:<id>", cache = cache)]
async fn update(cache: &Cache, id: u32) -> io::Result<()> {
    Ok(())
}

#[write_through(key = "row:<id>", ttl = 3600, cache = cache)]
async fn replace(cache: &Cache, id: u32) -> io::Result<String> {
    Ok("new".to_owned())
}

/// Each of the functions, on a key of its own: the store is down, the write is committed, and the types leave nothing to be
/// passed on by a `?` but the write's own error.
async fn everything(cache: &Cache, shop: &Cache) -> Vec<u32> {
    let rows = ReadThrough::new(cache.clone(), POLICY, Rows);
    let mut called = 0..;
    let mut keys = Vec::new();
    let mut key = || {
        let id = called.next().expect("there is no end to them");
        keys.push(id);
        Row { id }
    };
    let (): () = cache.fence([key(), key()]).await.settle().await;
    let (): () = rows.fence(&[key()]).await.settle().await;
    let (): () = cache.invalidate(key()).await;
    let (): () = rows.invalidate(&key()).await;
    let (): () = cache.put(key(), "new", 60).await;
    let (): () = cache.put(key(), &unencodable(), 60).await;
    let (): () = rows.put(&key(), &"new".to_owned()).await;
    let Ok(refreshed) = rows.refresh(&key()).await;
    assert_eq!(refreshed.as_deref(), Some("new"));
    assert!(update(cache, key().id).await.is_ok());
    assert!(replace(cache, key().id).await.is_ok());
    let write = || async { Ok::<_, Infallible>("new".to_owned()) };
    assert!(cache.write_through(key(), &POLICY, write).await.is_ok());
    assert!(cache.tagged(["other"]).write_through(key(), &POLICY, write).await.is_ok());
    // Of tags, and of everything.
    let (): () = cache.fence_tags(["fenced"]).await.settle().await;
    let (): () = cache.invalidate_tags(TAG).await;
    let (): () = shop.flush_namespace().await;
    let (): () = cache.flush_namespace().await;
    keys
}

async fn value(cache: &Cache, id: u32) -> Option<String> {
    cache.get(Row { id }).await.expect("the server is there")
}

#[tokio::test]
async fn a_committed_request_does_not_fail_where_the_store_hangs() {
    let server = RedisServer::start();
    let open = |namespace: Option<&str>| {
        let builder = Cache::builder().url(&server.url()).deadline(HASTE);
        built(match namespace {
            Some(name) => builder.namespace(name),
            None => builder,
        })
    };
    let (ours, our_shop) = (open(None).await, open(Some("shop")).await);
    let (theirs, their_shop) = (open(None).await, open(Some("shop")).await);
    for id in 0..20 {
        theirs.try_put(Row { id }, "old", 3600).await.expect("the server is there");
    }
    let tagged = theirs.tagged(TAG);
    let tenth = || async { Ok::<_, Infallible>("old".to_owned()) };
    let Ok(_) = tagged.write_through("tagged", &POLICY, tenth).await;
    their_shop.try_put("greeting", "old", 3600).await.expect("the server is there");

    server.pause();
    let keys = everything(&ours, &our_shop).await;
    server.resume();

    assert_eq!(keys.len(), 13);
    for id in keys {
        eventually("the old value is gone", async || {
            value(&theirs, id).await.as_deref() != Some("old")
        })
        .await;
    }
    eventually("the tag's entries are gone", async || {
        matches!(tagged.get::<String>("tagged").await, Ok(None))
    })
    .await;
    eventually("the namespace is empty", async || {
        matches!(their_shop.get::<String>("greeting").await, Ok(None))
    })
    .await;
    assert_eq!(value(&theirs, 19).await.as_deref(), Some("old"), "nobody wrote this one");
}

#[tokio::test]
async fn nor_where_it_is_dead() {
    let mut server = RedisServer::start();
    let cache = built(Cache::builder().url(&server.url()).deadline(HASTE)).await;
    let shop = built(Cache::builder().url(&server.url()).deadline(HASTE).namespace("shop")).await;
    server.kill();
    assert_eq!(everything(&cache, &shop).await.len(), 13);
    // All the same, this process knows what it has not been able to say.
    assert!(cache.stats().store.pending_invalidations >= 13);
}

#[tokio::test]
async fn who_wants_to_know_is_told() {
    let mut server = RedisServer::start();
    let cache = built(Cache::builder().url(&server.url()).deadline(HASTE).namespace("shop")).await;
    let rows = ReadThrough::new(cache.clone(), POLICY, Rows);
    assert_eq!(cache.try_flush_namespace().await, Ok(()));
    server.kill();
    let told = [
        cache.fence(["a"]).await.try_settle().await,
        cache.try_invalidate("a").await,
        cache.try_invalidate_tags(["a"]).await,
        cache.try_flush_namespace().await,
        cache.try_put("a", "new", 60).await,
        cache.try_put("a", &unencodable(), 60).await,
        rows.try_invalidate(&Row { id: 1 }).await,
        rows.try_put(&Row { id: 1 }, &"new".to_owned()).await,
    ];
    for (which, told) in told.into_iter().enumerate() {
        assert!(told.is_err(), "number {which}");
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_encoded_ends_the_older_one() {
    let cache = Cache::in_memory();
    cache.put("row:1", "old", 60).await;
    assert!(cache.try_put("row:1", &unencodable(), 60).await.is_err());
    assert_eq!(cache.get::<String>("row:1").await, Ok(None));
}
