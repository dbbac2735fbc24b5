//! Two types under one key: neither is served as the other.

use cache_runtime::CacheValue;

use super::*;

/// Of the same shape as a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Group {
    id: u64,
    name: String,
}

#[cached(key = "user:<id>", ttl = 60, cache = cache)]
async fn group(cache: &Cache, id: u64) -> Option<Group> {
    Some(Group { id, name: format!("group {id}") })
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Red(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Blue(u64);

#[cached(key = "color:<id>", ttl = 60, codec = postcard, cache = cache)]
async fn red(cache: &Cache, id: u64) -> Red {
    Red(id)
}

#[cached(key = "color:<id>", ttl = 60, cache = cache)]
async fn blue(cache: &Cache, id: u64) -> Blue {
    Blue(id * 2)
}

#[tokio::test]
async fn two_types_under_one_key_are_told_and_kept_apart() {
    on_each_store(async |cache| {
        let mistake = one_mistake(&cache, async || {
            for _ in 0..3 {
                assert_eq!(find(&cache, 1).await, Some(user(1)));
                assert_eq!(group(&cache, 1).await.expect("there is one").name, "group 1");
            }
        });
        let mistake = mistake.await;
        assert!(mistake.contains("have the key `user:<id>` and values of two types"), "{mistake}");
        assert!(mistake.contains("`User`") && mistake.contains("`Group`"), "{mistake}");
        let stats = cache.stats();
        assert!(stats.total().hits >= 3, "each has entries of its own: {stats}");
        assert_eq!(stats.total().undecodable, 0);
    })
    .await;
}

/// Their fingerprints are the same, since they have the same fields.
#[tokio::test]
async fn types_with_the_same_fields_are_kept_apart() {
    on_each_store(async |cache| {
        let mistake = one_mistake(&cache, async || {
            for id in 1..3 {
                for _ in 0..3 {
                    assert_eq!(red(&cache, id).await, Red(id));
                    assert_eq!(blue(&cache, id).await, Blue(id * 2));
                }
            }
        });
        let mistake = mistake.await;
        assert!(mistake.contains("`Red`") && mistake.contains("`Blue`"), "{mistake}");
    })
    .await;
}

/// As far as what is stored is concerned.
#[tokio::test]
async fn one_type_in_pointers_is_one_type() {
    #[cached(key = "user:<id>", ttl = 60, cache = cache)]
    async fn shared(cache: &Cache, id: u64) -> std::io::Result<Option<Box<User>>> {
        Ok(Some(user(id).into()))
    }

    #[cached(key = "user:<ids>", each = ids, ttl = 60, cache = cache)]
    async fn many(cache: &Cache, ids: &[u64]) -> std::collections::HashMap<u64, User> {
        ids.iter().map(|&id| (id, user(id))).collect()
    }

    on_each_store(async |cache| {
        let (warnings, found) = said(&cache, async || {
            find(&cache, 1).await;
            shared(&cache, 1).await.expect("it loads");
            many(&cache, &[1, 2]).await;
            find(&cache, 2).await;
        })
        .await;
        assert!(warnings.is_empty() && found.is_empty(), "{warnings:#?} {found:#?}");
        assert_eq!(cache.stats().total().loads, 2);
    })
    .await;
}

/// A write-through, a queue and calls without a macro are kept apart as well.
#[tokio::test]
async fn what_writers_store_is_kept_apart() {
    #[write_through(key = "user:<id>", ttl = 60, cache = cache)]
    async fn replace(cache: &Cache, id: u64) -> Group {
        Group { id, name: "replaced".into() }
    }

    const NAMES: Policy = Policy::ttl(60).name("names");
    const USERS: Policy = Policy::ttl(60);

    on_each_store(async |cache| {
        find(&cache, 1).await;
        replace(&cache, 1).await;
        assert_eq!(find(&cache, 1).await, Some(user(1)));
        let found = cache.check().expect_err("there are two types");
        assert!(found.to_string().contains("`Group`"), "{found}");
        cache.with(&NAMES).put(UserKey { id: 1 }, &(1_u8, "a pair")).await;
        assert_eq!(find(&cache, 1).await, Some(user(1)));
        let load = || async { Some((2_u8, "another".to_owned())) };
        cache.get_or_load(UserKey { id: 1 }, &NAMES, load).await;
        assert_eq!(find(&cache, 1).await, Some(user(1)));
        let users = cache.with(&USERS);
        assert_eq!(users.get(UserKey { id: 1 }).await, Ok(Some(user(1))));
        let groups = cache.get::<Group>(UserKey { id: 1 }).await;
        assert!(!matches!(groups, Ok(Some(_))), "{groups:?}");
    })
    .await;
}
