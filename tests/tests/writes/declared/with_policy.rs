//! Calls without a macro under the policy of the readers.

use super::*;

const USERS: Policy = Policy::ttl(60).version(2);

/// What `cache.fence` and its kind cannot do for readers with a version.
#[tokio::test]
async fn a_policy_gives_direct_calls_the_version_of_the_readers() {
    #[cached(key = "vuser:<id>", policy = USERS, skip(loaded), cache = cache)]
    async fn name(cache: &Cache, id: u64, loaded: u64) -> u64 {
        loaded
    }

    on_each_store(async |cache| {
        let users = cache.with(&USERS);
        let key = |id: u64| format!("vuser:{id}");
        let (warnings, found) = said(&cache, async || {
            assert_eq!(name_of(&cache, 1).await, 1);
            assert_eq!(users.get::<u64>(key(1)).await, Ok(Some(1)));
            assert_eq!(cache.get::<u64>(key(1)).await, Ok(None), "it has no version");
            let fence = users.fence([key(1)]).await;
            assert!(fence.stands());
            assert_eq!(users.get::<u64>(key(1)).await, Ok(None));
            fence.settle().await;
            assert_eq!(users.get::<u64>(key(1)).await, Ok(None));
            users.put(key(1), &7_u64).await;
            assert_eq!(name_of(&cache, 1).await, 7, "it is a hit");
            users.invalidate(key(1)).await;
            assert_eq!(name_of(&cache, 1).await, 1);
            users.try_put(key(1), &8_u64).await.expect("the store can be told");
            users.try_invalidate(key(1)).await.expect("the store can be told");
            assert_eq!(name_of(&cache, 1).await, 1);
        })
        .await;
        assert!(warnings.is_empty() && found.is_empty(), "{warnings:#?} {found:#?}");
    })
    .await;

    async fn name_of(cache: &Cache, id: u64) -> u64 {
        name(cache, id, id).await
    }
}

#[tokio::test]
async fn a_value_is_put_with_the_tags_of_its_readers() {
    on_each_store(async |cache| {
        let tagged = || cache.with(&Policy::ttl(60)).tagged(["tenant:7"]);
        let (warnings, found) = said(&cache, async || {
            tagged().put("tuser:1", &User { id: 1, name: "put".into() }).await;
            let found = find_tagged(&cache, 1, 7).await.expect("there is one");
            assert_eq!(found.name, "put", "it is a hit");
            assert_eq!(tagged().get::<User>("tuser:1").await, Ok(Some(found)));
            cache.invalidate_tags(["tenant:7"]).await;
            assert_eq!(tagged().get::<User>("tuser:1").await, Ok(None));
        })
        .await;
        assert!(warnings.is_empty() && found.is_empty(), "{warnings:#?} {found:#?}");
    })
    .await;
}

/// An entry of another layout may stand in its way, as it may for functions.
#[tokio::test]
async fn a_value_beside_one_of_another_layout_is_found() {
    #[derive(Debug, PartialEq, Serialize, Deserialize, cache_runtime::CacheValue)]
    struct Old(u64);
    #[derive(Debug, PartialEq, Serialize, Deserialize, cache_runtime::CacheValue)]
    struct New(u64, u64);
    const OLD: Policy = Policy::ttl(60).value::<Old>();
    const NEW: Policy = Policy::ttl(60).value::<New>();

    on_each_store(async |cache| {
        for _ in 0..2 {
            let old = cache.get_or_load("row:1", &OLD, || async { Some(Old(1)) }).await;
            let new = cache.get_or_load("row:1", &NEW, || async { Some(New(1, 2)) }).await;
            assert_eq!((old, new), (Some(Old(1)), Some(New(1, 2))));
        }
        assert_eq!(cache.with(&OLD).get::<Old>("row:1").await, Ok(Some(Old(1))));
        assert_eq!(cache.with(&NEW).get::<New>("row:1").await, Ok(Some(New(1, 2))));
        cache.invalidate("row:1").await;
        assert_eq!(cache.with(&OLD).get::<Old>("row:1").await, Ok(None));
        assert_eq!(cache.with(&NEW).get::<New>("row:1").await, Ok(None));
    })
    .await;
}
