//! Functions that do not fit together: what each says of itself at its first call, in the log and to `check`.

use cache_runtime::{
    Cache, CacheKey, Policy, WriteBehind, cached, invalidates, write_behind, write_through,
};
use cache_tests::{log::Log, stores::on_each_store};
use serde::{Deserialize, Serialize};

mod types;
mod with_policy;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

fn user(id: u64) -> User {
    User { id, name: format!("user {id}") }
}

#[derive(CacheKey)]
#[cache_key("user:<id>")]
struct UserKey {
    id: u64,
}

#[cached(key = "user:<id>", ttl = 60, cache = cache)]
async fn find(cache: &Cache, id: u64) -> Option<User> {
    Some(user(id))
}

#[cached(key = "vuser:<id>", ttl = 60, version = 2, cache = cache)]
async fn find_new(cache: &Cache, id: u64) -> Option<User> {
    Some(user(id))
}

#[cached(key = "tuser:<id>", ttl = 60, tags = ["tenant:<tenant>"], skip(tenant), cache = cache)]
async fn find_tagged(cache: &Cache, id: u64, tenant: u64) -> Option<User> {
    Some(user(id))
}

/// What is said of functions that were called: in the log as warnings, and by `check`.
async fn said(cache: &Cache, calls: impl AsyncFnOnce()) -> (Vec<String>, Vec<String>) {
    let log = Log::listen();
    calls().await;
    let warnings =
        log.text().lines().filter(|line| line.starts_with("WARN")).map(str::to_owned).collect();
    let found = cache.check().map_or_else(|found| found.messages().to_vec(), |()| Vec::new());
    (warnings, found)
}

/// The one sentence that `check` has, which is in the log too, once.
async fn one_mistake(cache: &Cache, calls: impl AsyncFnOnce()) -> String {
    let (warnings, found) = said(cache, calls).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    let logged: Vec<_> = warnings.iter().filter(|line| line.contains(&found[0])).collect();
    assert_eq!(logged.len(), 1, "{warnings:#?} {found:#?}");
    found[0].clone()
}

#[tokio::test]
async fn functions_that_fit_together_are_told_nothing() {
    #[invalidates("user:<user.id>", cache = cache)]
    async fn update(cache: &Cache, user: &User) {}

    #[write_through(key = UserKey { id }, ttl = 60, cache = cache)]
    async fn replace(cache: &Cache, id: u64) -> Option<User> {
        Some(user(id))
    }

    #[invalidates("vuser:<ids>", each = ids, version = 2, cache = cache)]
    async fn delete(cache: &Cache, ids: &[u64]) {}

    #[write_through(key = "tuser:<id>", ttl = 60, tags = ["tenant:<owner>"], cache = cache)]
    async fn replace_tagged(cache: &Cache, id: u64, owner: u64) -> Option<User> {
        Some(user(id))
    }

    #[invalidates(tags("tenant:<tenant>"), "user:<return.id>", cache = cache)]
    async fn insert(cache: &Cache, tenant: u64) -> User {
        user(tenant)
    }

    #[invalidates(format!("user:{id}"), cache = cache)]
    async fn by_expression(cache: &Cache, id: u64) {}

    on_each_store(async |cache| {
        let (warnings, found) = said(&cache, async || {
            for id in 1..3 {
                find(&cache, id).await;
                update(&cache, &user(id)).await;
                replace(&cache, id).await;
                find_new(&cache, id).await;
                delete(&cache, &[]).await;
                delete(&cache, &[id]).await;
                find_tagged(&cache, id, 7).await;
                replace_tagged(&cache, id, 7).await;
                insert(&cache, id).await;
                by_expression(&cache, id).await;
                cache.invalidate(UserKey { id }).await;
                cache.invalidate(format!("user:{id}")).await;
                cache.fence([UserKey { id }]).await.settle().await;
                cache.invalidate_tags([format!("tenant:{id}")]).await;
                cache.put(UserKey { id }, &user(id), 60).await;
                let found = cache.get::<User>(UserKey { id }).await.expect("it is a user");
                assert_eq!(found, Some(user(id)));
            }
        })
        .await;
        assert!(warnings.is_empty() && found.is_empty(), "{warnings:#?} {found:#?}");
    })
    .await;
}

#[tokio::test]
async fn a_writer_of_another_version_is_told() {
    #[invalidates("vuser:<id>", cache = cache)]
    async fn update(cache: &Cache, id: u64) {}

    #[write_through(key = "user:<id>", ttl = 60, version = 3, cache = cache)]
    async fn replace(cache: &Cache, id: u64) -> Option<User> {
        Some(user(id))
    }

    on_each_store(async |cache| {
        // Whichever is called first.
        let mistake = one_mistake(&cache, async || {
            for id in 1..3 {
                update(&cache, id).await;
                find_new(&cache, id).await;
            }
        });
        let mistake = mistake.await;
        assert!(mistake.contains("update` writes `vuser:<id>` without a version"), "{mistake}");
        assert!(mistake.contains("find_new` reads it with version 2"), "{mistake}");
        assert!(mistake.contains("write `version = 2`"), "{mistake}");
        let (warnings, found) = said(&cache, async || {
            find(&cache, 1).await;
            replace(&cache, 1).await;
        })
        .await;
        assert_eq!((warnings.len(), found.len()), (1, 2), "{warnings:#?} {found:#?}");
        assert!(
            warnings[0].contains("with version 3") && warnings[0].contains("remove its version")
        );
    })
    .await;
}

/// The calls that the issue was about, each of which left the old value.
#[tokio::test]
async fn a_direct_call_without_the_version_of_the_readers_is_told() {
    on_each_store(async |cache| {
        find_new(&cache, 1).await;
        for (at, expected) in ["fence", "invalidate", "put"].into_iter().enumerate() {
            let (warnings, found) = said(&cache, async || {
                for id in 1..3 {
                    match expected {
                        "fence" => cache.fence([format!("vuser:{id}")]).await.settle().await,
                        "put" => cache.put(format!("vuser:{id}"), &user(id), 60).await,
                        _ => cache.invalidate(format!("vuser:{id}")).await,
                    }
                }
            })
            .await;
            assert_eq!((warnings.len(), found.len()), (1, at + 1), "{warnings:#?} {found:#?}");
            let said = format!("`{expected}` writes a key that is an expression without a version");
            assert!(warnings[0].contains(&said), "{warnings:#?}");
            assert!(warnings[0].contains("cache.with(&POLICY)"), "{warnings:#?}");
            assert!(!warnings[0].contains("vuser:1"), "keys may hold personal data: {warnings:#?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_value_that_is_stored_without_the_tags_of_its_readers_is_told() {
    #[write_through(key = "tuser:<id>", ttl = 60, cache = cache)]
    async fn replace(cache: &Cache, id: u64) -> Option<User> {
        Some(user(id))
    }

    #[cached(key = "tuser:<id>", ttl = 60, tags = ["tenant:<tenant>", "users"], skip(tenant), cache = cache)]
    async fn find_too(cache: &Cache, id: u64, tenant: u64) -> Option<User> {
        Some(user(id))
    }

    on_each_store(async |cache| {
        let mistake = one_mistake(&cache, async || {
            replace(&cache, 1).await;
            find_tagged(&cache, 1, 7).await;
            replace(&cache, 1).await;
        });
        let mistake = mistake.await;
        assert!(mistake.contains("replace` stores `tuser:<id>` with no tags"), "{mistake}");
        assert!(mistake.contains("names the tags `tenant:<tenant>`"), "{mistake}");
        let (warnings, found) = said(&cache, async || _ = find_too(&cache, 1, 7).await).await;
        assert_eq!((warnings.len(), found.len()), (2, 3), "{warnings:#?} {found:#?}");
        let (warnings, _) = said(&cache, async || {
            cache.with(&Policy::ttl(60)).put(format!("tuser:{}", 1), &user(1)).await;
            let tagged = cache.tagged(["tenant:7"]);
            let load = || async { Some(user(1)) };
            tagged.get_or_load(format!("tuser:{}", 1), &Policy::ttl(60), load).await;
        })
        .await;
        assert!(warnings.iter().any(|line| line.contains("`put` stores")), "{warnings:#?}");
    })
    .await;
}

#[derive(Clone)]
struct Counters {
    cache: Cache,
}

impl Counters {
    #[write_behind(queue = "{tuser}", key = "tuser:<saved.id>", ttl = 60, enqueue = save(saved), cache = self.cache)]
    async fn save_all(&self, users: Vec<User>) -> std::io::Result<()> {
        drop(users);
        Ok(())
    }
}

#[tokio::test]
async fn a_queue_is_told_too() {
    let cache = Cache::in_memory();
    let counters = Counters { cache: cache.clone() };
    let mistake = one_mistake(&cache, async || {
        find_tagged(&cache, 1, 7).await;
        counters.save(&user(1)).await.expect("there is room");
        counters.save(&user(2)).await.expect("there is room");
    });
    let mistake = mistake.await;
    assert!(mistake.contains("save` stores `tuser:<id>` with no tags"), "{mistake}");
    let queue: WriteBehind<User> =
        cache.write_behind("more", &Policy::ttl(60).version(7).name("more"));
    find(&cache, 1).await;
    queue.write(UserKey { id: 1 }, &user(1)).await.expect("there is room");
    let found = cache.check().expect_err("the version is another one");
    assert!(
        found.messages().iter().any(|it| it.contains("`more` writes `user:<id>` with version 7"))
    );
}

#[tokio::test]
async fn a_writer_of_what_nobody_reads_is_found() {
    #[invalidates("users:<id>", tags("plans"), cache = cache)]
    async fn update(cache: &Cache, id: u64) {}

    #[invalidates("user:<tenant>:<id>", cache = cache)]
    async fn update_by_tenant(cache: &Cache, tenant: u64, id: u64) {}

    on_each_store(async |cache| {
        let (warnings, found) = said(&cache, async || {
            find(&cache, 1).await;
            update(&cache, 1).await;
        })
        .await;
        assert!(warnings.is_empty(), "its reader may come: {warnings:#?}");
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].contains("update` invalidates the tag `plans`, which no reader names"));
        assert!(
            found[1].contains("update` writes `users:<id>`, which no reader has"),
            "{found:#?}"
        );
        assert!(found[1].contains("readers have `user:<id>` of"), "{found:#?}");
        // Here there are readers of such keys, so a build for debugging says it at once.
        let (warnings, found) = said(&cache, async || update_by_tenant(&cache, 1, 1).await).await;
        assert_eq!((warnings.len(), found.len()), (1, 3), "{warnings:#?}");
        assert!(warnings[0].contains("update_by_tenant` writes `user:<tenant>:<id>`"));
    })
    .await;
}

/// A cache is a world of its own: what was called on another one counts for nothing.
#[tokio::test]
async fn each_cache_hears_of_each_function() {
    #[invalidates("vuser:<id>", cache = cache)]
    async fn update(cache: &Cache, id: u64) {}

    let (one, other) = (Cache::in_memory(), Cache::in_memory());
    for _ in 0..2 {
        find_new(&one, 1).await;
        update(&other, 1).await;
    }
    assert!(one.check().is_ok());
    for _ in 0..2 {
        update(&one, 1).await;
        find_new(&other, 1).await;
    }
    assert_eq!(one.check().expect_err("they differ").messages().len(), 1);
    assert_eq!(one.check(), other.check());
}
