//! Tags: those that a writer invalidates, and those that its value carries.

use cache_runtime::{Cache, CacheKey, Policy, write_through};
use cache_tests::stores::on_each_store;

use super::{User, user};

const MINUTE: Policy = Policy::ttl(60);

#[derive(CacheKey)]
#[cache_key("tenant:<tenant>")]
struct Tenant {
    tenant: u64,
}

/// The value carries the tag of its tenant, and that of all users.
#[write_through(
    key = "user:<user.id>",
    ttl = 60,
    tags = ["users", Tenant { tenant }],
    cache = cache,
)]
async fn update(cache: &Cache, tenant: u64, user: &User) -> User {
    user.clone()
}

/// The value carries the tag that its writer invalidates.
#[write_through(
    key = "user:<user.id>",
    ttl = 60,
    tags("tenant:<tenant>"),
    tags = ["users", "tenant:<tenant>"],
    cache = cache,
)]
async fn replace(cache: &Cache, tenant: u64, user: &User, works: bool) -> Result<User, String> {
    if works { Ok(user.clone()) } else { Err("no".to_owned()) }
}

/// What is known only from the result is invalidated after it.
#[write_through(
    key = "user:<return.id>",
    ttl = 60,
    tags("user:<return.name>"),
    cache = cache,
)]
async fn insert(cache: &Cache, name: &str) -> User {
    user(1, name)
}

/// What is under `user:1`, as readers of these tags see it.
async fn held(cache: &Cache, tenant: u64) -> Option<User> {
    let tenant = format!("tenant:{tenant}");
    cache.tagged([&tenant, "users"]).get("user:1").await.expect("the store answers")
}

/// An entry under `key` that carries `tag`.
async fn put(cache: &Cache, key: &str, tag: &str) {
    let stored = cache.tagged([tag]).write_through(key, &MINUTE, || async { Some(1) }).await;
    assert_eq!(stored, Some(1));
}

async fn stands(cache: &Cache, key: &str, tag: &str) -> bool {
    let found = cache.tagged([tag]).get::<u8>(key).await.expect("the store answers");
    found.is_some()
}

#[tokio::test]
async fn a_value_ends_with_each_of_the_tags_that_it_carries() {
    on_each_store(async |cache| {
        let ann = user(1, "Ann");
        for tag in ["users", "tenant:7"] {
            update(&cache, 7, &ann).await;
            assert_eq!(held(&cache, 7).await, Some(ann.clone()));
            cache.try_invalidate_tags(["tenant:8"]).await.expect("the store answers");
            assert_eq!(held(&cache, 7).await, Some(ann.clone()), "that was another tenant");
            cache.try_invalidate_tags([tag]).await.expect("the store answers");
            assert_eq!(held(&cache, 7).await, None);
        }
    })
    .await;
}

#[tokio::test]
async fn tags_are_invalidated_whatever_the_writer_returns() {
    on_each_store(async |cache| {
        for works in [true, false] {
            put(&cache, "list", "tenant:7").await;
            put(&cache, "other", "tenant:8").await;
            assert!(stands(&cache, "list", "tenant:7").await);
            assert_eq!(replace(&cache, 7, &user(1, "Ann"), works).await.is_ok(), works);
            assert!(!stands(&cache, "list", "tenant:7").await);
            assert!(stands(&cache, "other", "tenant:8").await);
        }
    })
    .await;
}

#[tokio::test]
async fn a_value_outlives_the_invalidation_that_its_own_writer_made() {
    on_each_store(async |cache| {
        for name in ["Ann", "Anna"] {
            replace(&cache, 7, &user(1, name), true).await.expect("it works");
            assert_eq!(held(&cache, 7).await, Some(user(1, name)));
            // It has a stamp like any other.
            put(&cache, "list", "tenant:7").await;
            assert!(stands(&cache, "list", "tenant:7").await);
            assert_eq!(held(&cache, 7).await, Some(user(1, name)));
        }
        cache.try_invalidate_tags(["tenant:7"]).await.expect("the store answers");
        assert_eq!(held(&cache, 7).await, None);
        replace(&cache, 7, &user(1, "Ann"), false).await.expect_err("it fails");
        assert_eq!(held(&cache, 7).await, None);
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_during_the_write_ends_the_value() {
    on_each_store(async |cache| {
        for own in [false, true] {
            let fence = own.then_some("tenant:7");
            let fence = cache.fence_tags(fence).await;
            let tagged = cache.tagged(["tenant:7"]);
            tagged
                .write_through("user:1", &MINUTE, || async {
                    cache.try_invalidate_tags(["tenant:7"]).await.expect("the store answers");
                    Some(user(1, "Ann"))
                })
                .await;
            fence.try_settle().await.expect("the store answers");
            assert_eq!(tagged.get::<User>("user:1").await, Ok(None));
        }
    })
    .await;
}

#[tokio::test]
async fn a_tag_that_the_result_names_is_invalidated_after_it() {
    on_each_store(async |cache| {
        put(&cache, "list", "user:Ann").await;
        put(&cache, "other", "user:Bob").await;
        insert(&cache, "Ann").await;
        assert!(!stands(&cache, "list", "user:Ann").await);
        assert!(stands(&cache, "other", "user:Bob").await);
    })
    .await;
}
