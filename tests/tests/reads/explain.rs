//! What stands under a key is told without touching it: for each state, on each store, in namespaces and versions.

use std::time::Duration;

use cache_runtime::{
    Cache, CacheValue, Codec, Explanation, KeyRing, KeyStatus, Policy, TagStatus, cached,
};
use cache_tests::{
    patience::{eventually, in_time},
    server::RedisServer,
    source::Source,
    stores::{
        DEADLINE, built, hasty_cache, on_each_store, on_each_store_in_one_slot, patient_cache,
    },
};
use serde::{Deserialize, Serialize};

const MINUTE: Policy = Policy::ttl(60);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct User {
    name: String,
}

#[cached(key = "user:<id>", ttl = 60, version = 2, tags = ["tenant:<tenant>"], skip(tenant), cache = cache)]
async fn user(cache: &Cache, id: u64, tenant: u64) -> User {
    User { name: format!("{id} of {tenant}") }
}

async fn explain(cache: &Cache, key: &str) -> Explanation {
    cache.explain(key).await.expect("the store answers")
}

async fn put(cache: &Cache, key: &str, value: u64) {
    cache.try_put(key, &value, 60).await.expect("the store answers");
}

#[tokio::test]
async fn each_state_of_a_key_is_told() {
    on_each_store(async |cache| {
        let told = explain(&cache, "row:1").await;
        assert_eq!((told.status(), told.is_served()), (KeyStatus::Vacant, Some(false)));
        assert_eq!((told.age(), told.size(), told.kept_for()), (None, None, None));
        assert_eq!(told.to_string(), "row:1: nothing");

        put(&cache, "row:1", 1234).await;
        let told = explain(&cache, "row:1").await;
        assert_eq!((told.status(), told.is_served()), (KeyStatus::Value, Some(true)));
        assert_eq!((told.codec(), told.size(), told.layout()), (Some(Codec::Json), Some(4), None));
        assert_eq!((told.compression(), told.encryption_key()), (None, None));
        let minute = Duration::from_secs(60);
        let fresh = told.fresh_for().expect("it is a value");
        assert!(told.age() < Some(DEADLINE) && fresh <= minute && fresh > minute - DEADLINE);
        assert_eq!((told.stale_for(), told.kept_for()), (Some(Duration::ZERO), Some(fresh)));
        let text = told.to_string();
        assert!(text.starts_with("row:1: a value, which is served\n  stored "), "{text}");
        assert!(
            text.contains(", fresh for ") && text.contains("  4 bytes, Json, no layout"),
            "{text}"
        );

        let absent = MINUTE.negative_ttl(30).stale_if_error(600);
        assert_eq!(cache.get_or_load("none:1", &absent, || async { None::<u64> }).await, None);
        let told = explain(&cache, "none:1").await;
        assert_eq!((told.status(), told.is_served()), (KeyStatus::Absent, Some(true)));
        assert!(told.fresh_for() <= Some(Duration::from_secs(30)), "{told:?}");
        let stale = told.stale_for().expect("it is a value");
        assert!(stale > Duration::from_secs(590) && stale <= Duration::from_secs(601), "{told:?}");

        let fence = cache.fence(["row:1"]).await;
        let told = explain(&cache, "row:1").await;
        assert_eq!((told.status(), told.is_served()), (KeyStatus::Fenced, Some(false)));
        assert!(told.kept_for().is_some_and(|left| left <= Duration::from_secs(10)), "{told:?}");
        fence.settle().await;
        assert_eq!(explain(&cache, "row:1").await.status(), KeyStatus::Vacant);

        let source = Source::held();
        let load = async { Ok::<_, &str>(source.query().await) };
        let loading = cache.get_or_load("lease:1", &MINUTE, || load);
        let looking = async {
            source.asked(1).await;
            let told = explain(&cache, "lease:1").await;
            source.answer_all();
            told.status()
        };
        let (loaded, status) = in_time("a load", async { tokio::join!(loading, looking) }).await;
        assert_eq!((loaded, status), (Ok(1), KeyStatus::Leased));
        assert_eq!(explain(&cache, "lease:1").await.status(), KeyStatus::Value, "the lease stood");
    })
    .await;
}

#[tokio::test]
async fn an_expired_value_is_told_from_a_fresh_one() {
    on_each_store(async |cache| {
        const TTL: Duration = Duration::from_millis(20);
        let policy = Policy::ttl_duration(TTL).stale_if_error(600);
        _ = cache.get_or_load("row:1", &policy, || async { Some(1) }).await;
        let expired = async || {
            let told = explain(&cache, "row:1").await;
            told.fresh_for() == Some(Duration::ZERO)
        };
        eventually("it expires", expired).await;
        let told = explain(&cache, "row:1").await;
        assert_eq!((told.status(), told.is_served()), (KeyStatus::Value, None));
        assert!(told.age() >= Some(TTL) && told.stale_for() > Some(Duration::from_secs(500)));
        assert!(told.to_string().contains(", expired, and kept for "), "{told}");
    })
    .await;
}

#[tokio::test]
async fn tags_are_told_by_name_in_versions_and_namespaces() {
    on_each_store_in_one_slot(async |cache| {
        user(&cache, 1, 7).await;
        const USERS: Policy = MINUTE.version(2);
        let untold = cache.with(&USERS).explain("user:1").await.expect("the store answers");
        assert_eq!((untold.is_served(), untold.unnamed_tags()), (None, 1));
        assert!(untold.key().ends_with("user:1:v2") && untold.layout().is_some(), "{untold}");
        assert_eq!(explain(&cache, "user:1:v2").await.is_served(), None);
        assert_eq!(explain(&cache, "user:1").await.status(), KeyStatus::Vacant);

        let tenant = cache.with(&USERS).tagged(["tenant:7"]);
        let told = async || tenant.explain("user:1").await.expect("the store answers");
        let tag = |told: &Explanation| {
            let tag = told.tags().iter().find(|tag| tag.name() == "tenant:7");
            tag.expect("it was named").status()
        };
        let good = told().await;
        assert_eq!(
            (good.is_served(), tag(&good), good.unnamed_tags()),
            (Some(true), TagStatus::Stands, 0)
        );
        let other = cache.with(&USERS).tagged(["tenant:7", "tenant:8"]);
        let other = other.explain("user:1").await.expect("the store answers");
        let names = |status| {
            let tags = other.tags().iter().filter(move |tag| tag.status() == status);
            tags.map(|tag| tag.name()).filter(|name| *name != "#all").collect::<Vec<_>>()
        };
        assert_eq!(names(TagStatus::Stands), ["tenant:7"]);
        assert_eq!(
            (names(TagStatus::NotCarried), other.is_served()),
            (vec!["tenant:8"], Some(false))
        );

        let fence = cache.fence_tags(["tenant:7"]).await;
        let fenced = told().await;
        assert_eq!((fenced.is_served(), tag(&fenced)), (Some(false), TagStatus::Fenced));
        fence.settle().await;
        let ended = told().await;
        assert_eq!((ended.status(), ended.is_served()), (KeyStatus::Value, Some(false)));
        assert_eq!(tag(&ended), TagStatus::Ended);
        assert!(ended.to_string().contains("\n  tag tenant:7: was invalidated"), "{ended}");
        assert_eq!(
            cache
                .tagged(["tenant:7"])
                .explain("user:9")
                .await
                .expect("it answers")
                .tags()
                .last()
                .map(|tag| tag.status()),
            Some(TagStatus::NoValue)
        );
    })
    .await;
}

#[tokio::test]
async fn a_flushed_namespace_is_told() {
    let server = RedisServer::start();
    for url in ["memory://", &server.url()] {
        let cache = built(Cache::builder().url(url).namespace("shop").deadline(DEADLINE)).await;
        put(&cache, "row:1", 1).await;
        let told = explain(&cache, "row:1").await;
        assert_eq!((told.key(), told.is_served()), ("shop:row:1", Some(true)));
        assert_eq!((told.tags()[0].name(), told.tags()[0].status()), ("#all", TagStatus::Stands));
        cache.flush_namespace().await;
        let told = explain(&cache, "row:1").await;
        assert_eq!((told.tags()[0].status(), told.is_served()), (TagStatus::Ended, Some(false)));
    }
}

/// Readers of another layout have an entry of their own, which ends with the other one.
#[tokio::test]
async fn what_stands_beside_another_layout_is_told() {
    on_each_store(async |cache| {
        const USERS: Policy = MINUTE.value::<User>();
        const OTHERS: Policy = MINUTE.value::<[User; 2]>();
        let two = || async { Some([User { name: "a".into() }, User { name: "b".into() }]) };
        _ = cache.get_or_load("pair:1", &OTHERS, two).await;
        let one = || async { Some(User { name: "a".into() }) };
        _ = cache.get_or_load("pair:1", &USERS, one).await;
        let told = cache.with(&USERS).explain("pair:1").await.expect("the store answers");
        let beside = told.beside().expect("there are two");
        assert_ne!(beside.layout(), told.layout());
        assert_eq!((beside.status(), beside.is_served()), (KeyStatus::Value, Some(true)));
        assert!(told.to_string().contains("beside it, for readers of another layout: "), "{told}");
        let told = cache.with(&OTHERS).explain("pair:1").await.expect("the store answers");
        assert!(told.beside().is_none());
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_the_reason() {
    let server = RedisServer::start();
    let plain = patient_cache(&server.url()).await;
    server.command(&["SET", "row:1", "of another program"]);
    let told = explain(&plain, "row:1").await;
    assert_eq!((told.status(), told.is_served()), (KeyStatus::Unreadable, Some(false)));
    assert_eq!(told.unreadable(), Some("the key holds what is no entry of a cache"));

    let ring = KeyRing::new("2026-11", &[7; 32]);
    let sealing = Cache::builder().url(&server.url()).deadline(DEADLINE).encryption(ring);
    let sealing = built(sealing).await;
    put(&sealing, "row:2", 1234).await;
    let told = explain(&sealing, "row:2").await;
    assert_eq!((told.status(), told.encryption_key()), (KeyStatus::Value, Some("2026-11")));
    assert!(
        told.size() > Some(4) && told.to_string().contains("encrypted with \"2026-11\""),
        "{told}"
    );
    let told = explain(&plain, "row:2").await;
    assert_eq!(told.status(), KeyStatus::Unreadable);
    assert!(told.unreadable().is_some_and(|why| why.contains("has no keys")), "{told}");
    assert!(!told.to_string().contains("1234"));
}

#[tokio::test]
async fn what_is_left_of_another_incarnation_is_told() {
    let mut server = RedisServer::start_durable();
    let cache = patient_cache(&server.url()).await;
    put(&cache, "row:1", 1).await;
    let before = explain(&cache, "row:1").await.incarnation();
    assert!(before.is_some());
    server.restart_durable();
    let mut status = KeyStatus::Vacant;
    eventually("the server is back", async || {
        let told = cache.explain("row:1").await;
        told.is_ok_and(|told| {
            status = told.status();
            true
        })
    })
    .await;
    assert_eq!(status, KeyStatus::Void);
    let told = explain(&cache, "row:1").await;
    assert_eq!((told.incarnation(), told.is_served()), (before, Some(false)));
    assert!(told.server_incarnation().is_some_and(|now| Some(now) != before), "{told:?}");
}

#[tokio::test]
async fn a_store_that_does_not_answer_tells_nothing() {
    let mut server = RedisServer::start();
    let cache = hasty_cache(&server.url()).await;
    server.kill();
    assert!(cache.explain("row:1").await.is_err());
    let cache = Cache::disabled();
    let told = explain(&cache, "row:1").await;
    assert_eq!((told.status(), told.is_served()), (KeyStatus::Disabled, Some(false)));
}
