//! The same without a macro.

use cache_runtime::{Cache, Policy};
use cache_tests::{herd::counters, stores::on_each_store};

use super::{User, find, held, user};

const USERS: Policy = Policy::ttl(60);
const VERSIONED: Policy = Policy::ttl(60).version(3).name("save");

async fn save(cache: &Cache, user: &User, works: bool) -> Result<User, String> {
    cache
        .write_through(format!("user:{}", user.id), &USERS, || async {
            if works { Ok(user.clone()) } else { Err("no".to_owned()) }
        })
        .await
}

#[tokio::test]
async fn a_closure_is_written_through_as_a_function_is() {
    on_each_store(async |cache| {
        let ann = user(1, "Ann");
        assert_eq!(save(&cache, &ann, true).await, Ok(ann.clone()));
        assert_eq!(find(&cache, 1).await, Some(ann.clone()));
        save(&cache, &ann, false).await.expect_err("it fails");
        assert_eq!(held(&cache, 1).await, None);
        let none = cache.write_through("user:1", &USERS, || async { None::<User> }).await;
        assert_eq!((none, held(&cache, 1).await), (None, None));
        let some = cache.write_through("user:1", &VERSIONED, || async { Some(ann.clone()) }).await;
        assert_eq!(cache.get("user:1:v3").await, Ok(some));
        assert_eq!(counters(&cache, "write_through").invalidations, 3);
        assert_eq!(counters(&cache, "save").invalidations, 1);
    })
    .await;
}

#[tokio::test]
async fn other_keys_and_tags_are_fenced_around_it() {
    on_each_store(async |cache| {
        cache.try_put("users", &1, 60).await.expect("it can be stored");
        let (keys, tags) =
            tokio::join!(cache.fence(["users"]), cache.fence_tags(["tenant:7", "plans"]));
        assert!(keys.stands() && tags.stands());
        save(&cache, &user(1, "Ann"), true).await.expect("it works");
        assert_eq!(cache.get::<u8>("users").await, Ok(None));
        keys.try_settle().await.expect("the store answers");
        tags.try_settle().await.expect("the store answers");
        assert_eq!(held(&cache, 1).await, Some(user(1, "Ann")));
    })
    .await;
}

#[tokio::test]
async fn without_a_cache_the_closure_is_called() {
    let cache = Cache::disabled();
    let ann = user(1, "Ann");
    assert_eq!(save(&cache, &ann, true).await, Ok(ann));
    assert_eq!(cache.try_invalidate_tags(["tenant:7"]).await, Ok(()));
    assert!(cache.fence_tags(["tenant:7"]).await.stands());
}
