//! Keys that say what is under them, and values that are their own keys.

use std::sync::Arc;

use cache_runtime::{Cache, CacheKey, Policy, cached, invalidates};
use cache_tests::{source::Source, stores::on_each_store};
use serde::{Deserialize, Serialize};

/// An entity: its key is made of one of its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheKey)]
#[cache_key("user:<id>", value = Self)]
struct User {
    id: u64,
    name: String,
    // No key part, and no `skip`.
    score: f64,
}

/// A key of it that needs no user.
#[derive(CacheKey)]
#[cache_key("user:<id>", value = User)]
struct UserKey {
    id: u64,
}

#[derive(CacheKey)]
#[cache_key("team:<team>", value = Vec<User>)]
struct TeamKey<'a> {
    team: &'a str,
}

#[derive(Serialize, CacheKey)]
#[cache_key("page:<id>", value = Page<T>)]
struct Page<T> {
    id: u64,
    items: Vec<T>,
}

fn user(query: u64) -> User {
    User { id: 1, name: format!("query {query}"), score: 0.5 }
}

#[cached(key = UserKey { id }, ttl = 60, cache = cache, skip(cache, source), name = "find")]
async fn find(cache: &Cache, source: &Source, id: u64) -> Option<User> {
    assert_eq!(id, 1);
    Some(user(source.query().await))
}

#[invalidates(user, cache = cache, name = "update")]
async fn update(cache: &Cache, user: &User) {}

#[test]
fn an_entity_is_the_key_that_its_template_makes() {
    let stored = cache_runtime::stored_key(&user(1));
    assert_eq!(stored, cache_runtime::stored_key(&UserKey { id: 1 }));
    assert_eq!(cache_runtime::stored_key(&Page { id: 7, items: vec![0.5] }), "page:7");
}

#[tokio::test]
async fn an_entity_invalidates_what_is_cached_of_it() {
    on_each_store(async |cache| {
        let source = Source::open();
        for (loads, directly) in [(1, false), (2, true), (3, false)] {
            assert_eq!(find(&cache, &source, 1).await, Some(user(loads)));
            assert_eq!(find(&cache, &source, 1).await, Some(user(loads)));
            match directly {
                true => cache.try_invalidate(&user(0)).await.expect("the store is there"),
                false => update(&cache, &user(0)).await,
            }
        }
        assert_eq!(source.queries(), 3);
        let fence = cache.fence([&user(0)]).await;
        assert!(fence.stands());
        assert_eq!(cache.get::<User>(UserKey { id: 1 }).await, Ok(None));
        fence.try_settle().await.expect("the store is there");
    })
    .await;
}

#[tokio::test]
async fn what_is_stored_as_the_declared_value_goes_under_its_key() {
    const USERS: Policy = Policy::ttl(60);

    on_each_store(async |cache| {
        let key = UserKey { id: 1 };
        let stored = user(7);
        cache.try_put(&stored, &stored, 60).await.expect("the store is there");
        assert_eq!(cache.get::<User>(&key).await, Ok(Some(stored.clone())));
        assert_eq!(cache.get::<Option<User>>(&key).await, Ok(Some(Some(stored.clone()))));
        assert_eq!(cache.get::<Box<User>>(Arc::new(&key)).await, Ok(Some(stored.clone().into())));
        let loaded = cache.get_or_load(&key, &USERS, async || Ok::<_, ()>(Some(user(8)))).await;
        assert_eq!(loaded, Ok(Some(stored.clone())));
        let loaded = cache.get_or_load(&key, &USERS, async || Some(Box::new(user(8)))).await;
        assert_eq!(loaded, Some(stored.clone().into()));

        let team = TeamKey { team: "red" };
        cache.try_put(&team, [stored.clone()].as_slice(), 60).await.expect("the store is there");
        assert_eq!(cache.get::<Vec<User>>(&team).await, Ok(Some(vec![stored.clone()])));
        cache.try_put(&team, &vec![stored.clone()], 60).await.expect("the store is there");
        assert_eq!(cache.get::<Vec<User>>(&team).await, Ok(Some(vec![stored])));
    })
    .await;
}

#[tokio::test]
async fn a_key_that_declares_nothing_holds_anything() {
    on_each_store(async |cache| {
        cache.try_put("user:1", &user(7), 60).await.expect("the store is there");
        assert_eq!(cache.get::<User>("user:1".to_owned()).await, Ok(Some(user(7))));
        assert!(cache.get::<u8>("user:1").await.is_err());
    })
    .await;
}
