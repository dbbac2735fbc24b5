//! Which keys are settled: those of the value, others that are invalidated, and those that only the result names.

use std::sync::Arc;

use cache_runtime::{Cache, CacheKey, cached, invalidates, write_through};
use cache_tests::{
    herd::counters,
    patience::in_time,
    source::Source,
    stores::{on_each_store, patient_cache},
};

use super::{User, find, find_none, held, invalidations, user};

#[derive(CacheKey)]
#[cache_key("by-name:<name>")]
struct ByName<'a> {
    name: &'a str,
}

#[write_through(
    key = "user:<user.id>",
    ttl = 60,
    invalidates(ByName { name: &user.name }, "users"),
    cache = cache,
    name = "update",
)]
async fn update(cache: &Cache, user: &User) -> Result<User, String> {
    Ok(user.clone())
}

#[tokio::test]
async fn other_keys_are_emptied() {
    on_each_store(async |cache| {
        let ann = user(1, "Ann");
        for key in ["by-name:Ann", "by-name:Bob", "users"] {
            cache.try_put(key, &1, 60).await.expect("it can be stored");
        }
        update(&cache, &ann).await.expect("it works");
        assert_eq!(held(&cache, 1).await, Some(ann));
        assert_eq!(cache.get::<u8>("by-name:Ann").await, Ok(None));
        assert_eq!(cache.get::<u8>("users").await, Ok(None));
        assert_eq!(cache.get::<u8>("by-name:Bob").await, Ok(Some(1)));
        assert_eq!(invalidations(&cache, "update"), 3);
    })
    .await;
}

#[derive(Debug)]
struct Saved {
    id: u64,
    user: User,
}

#[write_through(
    key = "user:<return.id>",
    ttl = 60,
    value = |saved: &Saved| &saved.user,
    invalidates("by-name:<return.user.name>", "users:<tenant>", "at:<tenant>:<return.id>"),
    cache = cache,
    name = "insert",
)]
async fn insert(cache: &Cache, tenant: String, id: Option<u64>) -> Result<Saved, String> {
    // The parameters are the body's own, whatever the keys say.
    drop(tenant);
    let id = id.ok_or("no id")?;
    Ok(Saved { id, user: user(id, "Ann") })
}

#[invalidates("user:<return>", "at:<tenant>:<return>", "users:<tenant>", cache = cache, name = "insert_id")]
async fn insert_id(cache: &Cache, tenant: String, id: u64) -> Result<Option<u64>, String> {
    drop(tenant);
    Ok((id != 0).then_some(id))
}

#[tokio::test]
async fn a_key_that_the_result_names_is_emptied_and_nothing_is_stored() {
    on_each_store(async |cache| {
        let keys = ["user:1", "by-name:Ann", "users:acme", "at:acme:1"];
        let put = async || {
            for key in keys {
                cache.try_put(key, &1, 60).await.expect("it can be stored");
            }
        };
        let left = async || {
            let mut left = Vec::new();
            for key in keys {
                left.extend(cache.get::<u8>(key).await.expect("it is a number").map(|_| key));
            }
            left
        };
        put().await;
        insert(&cache, "acme".into(), None).await.expect_err("it fails");
        assert_eq!(left().await, ["user:1", "by-name:Ann", "at:acme:1"]);
        put().await;
        insert(&cache, "acme".into(), Some(1)).await.expect("it works");
        assert_eq!(left().await, [""; 0]);
        // One that was known before is fenced and settled each time; three more are known of the second call.
        assert_eq!(invalidations(&cache, "insert"), 1 + 1 + 3);

        put().await;
        insert_id(&cache, "acme".into(), 0).await.expect("it works");
        assert_eq!(left().await, ["user:1", "by-name:Ann", "at:acme:1"]);
        insert_id(&cache, "acme".into(), 1).await.expect("it works");
        assert_eq!(left().await, ["by-name:Ann"]);
        assert_eq!(invalidations(&cache, "insert_id"), 1 + 1 + 2);
    })
    .await;
}

#[tokio::test]
async fn a_remembered_none_is_forgotten_when_the_row_is_inserted() {
    on_each_store(async |cache| {
        assert_eq!(find_none(&cache, 1).await, None);
        insert(&cache, "acme".into(), Some(1)).await.expect("it works");
        assert_eq!(find(&cache, 1).await, super::loaded());
        assert_eq!(counters(&cache, "find").loads, 1);
        assert_eq!(find_none(&cache, 2).await, None);
        insert_id(&cache, "acme".into(), 2).await.expect("it works");
        assert_eq!(find(&cache, 2).await, super::loaded());
        assert_eq!(counters(&cache, "find").loads, 2);
    })
    .await;
}

#[cached(key = "user:<id>", ttl = 60, skip(source), cache = cache, name = "slow")]
async fn slow(cache: &Cache, id: u64, source: Arc<Source>) -> u64 {
    source.query().await
}

/// A load that began before the insert, and found nothing, cannot store what it saw.
#[tokio::test]
async fn a_load_from_before_an_insert_stores_nothing() {
    on_each_store(async |cache| {
        let source = Source::held();
        let read = tokio::spawn({
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { slow(&cache, 1, source).await }
        });
        source.asked(1).await;
        insert(&cache, "acme".into(), Some(1)).await.expect("it works");
        source.answer_all();
        in_time("the slow read", read).await.expect("it answers");
        assert_eq!(cache.get::<u64>("user:1").await, Ok(None));
        assert_eq!(counters(&cache, "slow").superseded, 1);
    })
    .await;
}

#[write_through(key = "user:<user.id>", ttl = 60, version = 2, cache = cache)]
async fn versioned(cache: &Cache, user: &User) -> User {
    user.clone()
}

#[write_through(key = "user:<return.id>", ttl = 60, version = 2, cache = cache)]
async fn versioned_insert(cache: &Cache, user: &User) -> User {
    user.clone()
}

#[tokio::test]
async fn a_version_is_part_of_every_key() {
    on_each_store(async |cache| {
        let ann = user(1, "Ann");
        cache.try_put("user:1", &1, 60).await.expect("it can be stored");
        versioned(&cache, &ann).await;
        assert_eq!(cache.get("user:1:v2").await, Ok(Some(ann.clone())));
        versioned_insert(&cache, &ann).await;
        assert_eq!(cache.get::<User>("user:1:v2").await, Ok(None));
        assert_eq!(cache.get("user:1").await, Ok(Some(1)));
    })
    .await;
}

#[tokio::test]
async fn with_a_namespace_all_is_as_without() {
    let server = cache_tests::server::RedisServer::start();
    for url in ["memory://".to_owned(), server.url()] {
        drop(patient_cache(&url).await);
        let cache = Cache::builder().url(&url).namespace("shop").build().await.expect("a URL");
        let ann = user(1, "Ann");
        update(&cache, &ann).await.expect("it works");
        assert_eq!(find(&cache, 1).await, Some(ann));
        insert(&cache, "acme".into(), Some(1)).await.expect("it works");
        assert_eq!(held(&cache, 1).await, None);
        cache.try_put("user:1", &user(1, "Bob"), 60).await.expect("it can be stored");
        assert_eq!(find(&cache, 1).await, Some(user(1, "Bob")));
    }
}

/// A writer on a cache that is off does its work and nothing else.
#[tokio::test]
async fn without_a_cache_the_function_is_itself() {
    let cache = Cache::disabled();
    let ann = user(1, "Ann");
    assert_eq!(update(&cache, &ann).await, Ok(ann.clone()));
    assert_eq!(insert(&cache, "acme".into(), Some(1)).await.ok().map(|saved| saved.id), Some(1));
    assert!(cache.stats().functions.is_empty());
}
