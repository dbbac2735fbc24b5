//! What writers say besides their keys: keys that only the body knows, whether they invalidate at all, and for how long their
//! fences stand after the write.

use std::time::Duration;

use cache_runtime::{
    Cache, CacheKey, Policy, also_invalidate, also_invalidate_tag, cached, invalidates,
    transaction, write_through,
};
use cache_tests::{
    log::Log,
    patience::{eventually, in_time},
    source::Source,
    stores::on_each_store,
};

#[derive(CacheKey)]
#[cache_key("by-email:<email>")]
struct ByEmail<'a> {
    email: &'a str,
}

/// Changes an address: the old one is known to the database only.
#[invalidates("user:<id>", version = 2, cache = cache)]
async fn change(cache: &Cache, id: u64, old: &str, during: impl AsyncFn()) -> Result<(), String> {
    also_invalidate(ByEmail { email: old }).await;
    also_invalidate_tag(format!("list:{id}")).await;
    during().await;
    Err("it may have been committed".to_owned())
}

#[write_through(key = "user:<id>", ttl = 60, cache = cache)]
async fn replace(cache: &Cache, id: u64, old: &str) -> u64 {
    also_invalidate(ByEmail { email: old }).await;
    id
}

const USERS: Policy = Policy::ttl(60).version(2);

#[tokio::test]
async fn a_key_that_the_body_knows_is_fenced_until_the_writer_is_settled() {
    on_each_store(async |cache| {
        let (users, listed) = (cache.with(&USERS), cache.tagged(["list:1"]));
        let load = || async { Ok::<_, String>(7) };
        users.put(ByEmail { email: "a@b" }, &1_u64).await;
        assert_eq!(listed.get_or_load("list", &USERS, load).await, Ok(7));
        let during = async || {
            assert_eq!(users.get::<u64>(ByEmail { email: "a@b" }).await, Ok(None));
            let other = || async { Ok::<_, String>(8) };
            let loaded = cache.get_or_load(ByEmail { email: "a@b" }, &USERS, other).await;
            assert_eq!(loaded, Ok(8));
            assert_eq!(users.get::<u64>(ByEmail { email: "a@b" }).await, Ok(None), "it is fenced");
        };
        change(&cache, 1, "a@b", during).await.expect_err("it says so");
        assert_eq!(cache.stats().total().invalidations, 3);
        for _ in 0..2 {
            let loaded = cache.get_or_load(ByEmail { email: "a@b" }, &USERS, load).await;
            assert_eq!(loaded, Ok(7));
        }
        assert_eq!(users.get::<u64>(ByEmail { email: "a@b" }).await, Ok(Some(7)), "it is stored");
        let other = || async { Ok::<_, String>(9) };
        assert_eq!(listed.get_or_load("list", &USERS, other).await, Ok(9), "its tag has ended it");

        // A write-through, and its twin without a macro.
        cache.put(ByEmail { email: "c@d" }, &1, 60).await;
        assert_eq!(replace(&cache, 2, "c@d").await, 2);
        assert_eq!(cache.get::<u64>(ByEmail { email: "c@d" }).await, Ok(None));
        assert_eq!(cache.get::<u64>("user:2").await, Ok(Some(2)));
        cache.put(ByEmail { email: "c@d" }, &1, 60).await;
        let write = || async {
            also_invalidate(ByEmail { email: "c@d" }).await;
            Ok::<_, String>(3_u64)
        };
        assert_eq!(cache.write_through("user:2", &Policy::ttl(60), write).await, Ok(3));
        assert_eq!(cache.get::<u64>(ByEmail { email: "c@d" }).await, Ok(None));
    })
    .await;
}

/// In a transaction it is settled with the transaction.
#[tokio::test]
async fn a_key_that_the_body_knows_belongs_to_the_transaction() {
    on_each_store(async |cache| {
        cache.with(&USERS).put(ByEmail { email: "a@b" }, &1_u64).await;
        let load = || async { Ok::<_, String>(8) };
        transaction(async {
            change(&cache, 1, "a@b", async || ()).await.expect_err("it says so");
            let outside = cache.get_or_load(ByEmail { email: "a@b" }, &USERS, load);
            assert_eq!(transaction::outside(outside).await, Ok(8));
            let found = cache.with(&USERS).get::<u64>(ByEmail { email: "a@b" }).await;
            assert_eq!(found, Ok(None), "its fence stands");
        })
        .await;
        assert_eq!(cache.get_or_load(ByEmail { email: "a@b" }, &USERS, load).await, Ok(8));
        let found = cache.with(&USERS).get::<u64>(ByEmail { email: "a@b" }).await;
        assert_eq!(found, Ok(Some(8)));
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_dropped_leaves_the_fence_of_its_key() {
    on_each_store(async |cache| {
        let source = Source::held();
        let mut writer = Box::pin(change(&cache, 1, "a@b", async || _ = source.query().await));
        tokio::select! {
            _ = &mut writer => unreachable!("it waits"),
            () = source.asked(1) => {}
        }
        drop(writer);
        let load = || async { Ok::<_, String>(8) };
        assert_eq!(cache.get_or_load(ByEmail { email: "a@b" }, &USERS, load).await, Ok(8));
        let found = cache.with(&USERS).get::<u64>(ByEmail { email: "a@b" }).await;
        assert_eq!(found, Ok(None), "nothing is stored under it");
    })
    .await;
}

#[tokio::test]
async fn outside_of_a_writer_a_key_is_invalidated_at_once_and_that_is_told() {
    let (cache, log) = (Cache::in_memory(), Log::listen());
    cache.put(ByEmail { email: "a@b" }, &1, 60).await;
    cache.scope(also_invalidate(ByEmail { email: "a@b" })).await;
    assert_eq!(cache.get::<u64>(ByEmail { email: "a@b" }).await, Ok(None));
    assert!(log.says("WARN", &["outside of the body"]), "{}", log.text());
}

#[cached(key = "row:<id>", ttl = 60, cache = cache)]
async fn find(cache: &Cache, id: u64) -> u64 {
    id
}

#[invalidates("row:<id>", when = id != 7, cache = cache)]
async fn touch(cache: &Cache, id: u64) -> u64 {
    id
}

#[write_through(key = "row:<id>", ttl = 60, when = id != 7, value = |saved: &u64| saved + 1, cache = cache)]
async fn save(cache: &Cache, id: u64) -> u64 {
    id
}

#[tokio::test]
async fn a_writer_whose_condition_is_false_only_runs_its_body() {
    on_each_store(async |cache| {
        for id in [1, 7] {
            find(&cache, id).await;
            assert_eq!(touch(&cache, id).await, id);
            let kept = cache.get::<u64>(format!("row:{id}")).await;
            assert_eq!(kept, Ok((id == 7).then_some(7)));
            assert_eq!(save(&cache, id).await, id);
            let kept = cache.get::<u64>(format!("row:{id}")).await;
            assert_eq!(kept, Ok(Some(if id == 7 { 7 } else { 2 })));
        }
    })
    .await;
}

const HOLD: Duration = Duration::from_millis(300);

#[invalidates("row:<id>", "row:<return>", hold = HOLD, cache = cache)]
async fn lagging(cache: &Cache, id: u64) -> u64 {
    also_invalidate(format!("row:{}", id + 100)).await;
    id + 10
}

/// A replica may show the old row for a while.
#[tokio::test]
async fn fences_that_are_held_keep_what_a_replica_says_out_of_the_cache() {
    on_each_store(async |cache| {
        lagging(&cache, 1).await;
        let fence = cache.fence(["row:3"]).await;
        fence.settle_after(HOLD);
        transaction(async { _ = lagging(&cache, 2).await }).await;
        let all = [1, 11, 101, 3, 2, 12, 102];
        for id in all {
            find(&cache, id).await;
            let stored = cache.get::<u64>(format!("row:{id}")).await;
            assert_eq!(stored, Ok(None), "row {id} is fenced");
        }
        for id in all {
            let stored = eventually("it is stored", async || {
                find(&cache, id).await;
                cache.get::<u64>(format!("row:{id}")).await == Ok(Some(id))
            });
            in_time("its fence has fallen", stored).await;
        }
    })
    .await;
}
