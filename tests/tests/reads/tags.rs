//! Tags and namespaces: one write ends all that carries a tag, and nothing that was loaded before it comes
//! back.

use std::sync::Arc;

use cache_runtime::{Cache, Error, Policy};
use cache_tests::{
    herd::{Herd, counters, missed},
    patience::{eventually, in_time},
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};

const ROW: Policy = Policy::ttl(3600).name("row");

/// Reads row `id`, which belongs to the tenant.
async fn read(cache: &Cache, tags: &[&str], source: &Source, id: u64) -> u64 {
    let load = || async { Ok::<_, std::convert::Infallible>(source.query().await) };
    let Ok(row) = cache.tagged(tags).get_or_load(format!("row:{id}"), &ROW, load).await;
    row
}

const TENANT: &[&str] = &["tenant:7"];

/// How a tag is invalidated.
#[derive(Clone, Copy, Debug)]
enum Way {
    Fence,
    Invalidate,
}

const WAYS: [Way; 2] = [Way::Fence, Way::Invalidate];

async fn end(cache: &Cache, tags: &[&str], way: Way) {
    match way {
        Way::Fence => cache.fence_tags(tags).await.try_settle().await,
        Way::Invalidate => cache.try_invalidate_tags(tags).await,
    }
    .expect("the store can be told");
}

#[tokio::test]
async fn a_tag_ends_all_that_carries_it_and_nothing_else() {
    on_each_store(async |cache| {
        for way in WAYS {
            let source = Source::open();
            for (id, tags) in [(1, TENANT), (2, TENANT), (3, &["tenant:8"][..]), (4, &[])] {
                cache.try_invalidate(format!("row:{id}")).await.expect("the store can be told");
                let loaded = read(&cache, tags, &source, id).await;
                assert_eq!(read(&cache, tags, &source, id).await, loaded, "it is a hit");
            }
            assert_eq!(source.queries(), 4);
            end(&cache, TENANT, way).await;
            assert_eq!(read(&cache, &["tenant:8"], &source, 3).await, 3, "{way:?}");
            assert_eq!(read(&cache, &[], &source, 4).await, 4, "{way:?}");
            assert_eq!(read(&cache, TENANT, &source, 1).await, 5, "{way:?}");
            assert_eq!(read(&cache, TENANT, &source, 2).await, 6, "{way:?}");
            assert_eq!(read(&cache, TENANT, &source, 1).await, 5, "it is a hit again");
        }
    })
    .await;
}

#[tokio::test]
async fn each_of_several_tags_ends_an_entry_and_their_order_is_of_no_account() {
    on_each_store(async |cache| {
        let source = Source::open();
        let mut loads = 0;
        for tag in ["tenant:7", "plan:free", "region:eu"] {
            loads += 1;
            let tags = ["tenant:7", "plan:free", "region:eu"];
            assert_eq!(read(&cache, &tags, &source, 1).await, loads);
            let turned = ["region:eu", "tenant:7", "plan:free", "tenant:7"];
            assert_eq!(read(&cache, &turned, &source, 1).await, loads, "it is a hit");
            end(&cache, &[tag], Way::Invalidate).await;
        }
        assert_eq!(source.queries(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_load_from_before_a_write_is_stored_by_nobody() {
    on_each_store(async |cache| {
        for way in WAYS {
            cache.try_invalidate("row:1").await.expect("the store can be told");
            let source = Source::held();
            let slow = Herd::of(1, || {
                let (cache, source) = (cache.clone(), Arc::clone(&source));
                async move { read(&cache, TENANT, &source, 1).await }
            });
            source.asked(1).await;
            end(&cache, TENANT, way).await;
            source.answer(1);
            assert_eq!(slow.answers().await, [1], "it began before the write");
            source.answer_all();
            assert_eq!(read(&cache, TENANT, &source, 1).await, 2, "{way:?}");
            assert_eq!(read(&cache, TENANT, &source, 1).await, 2, "it is a hit");
        }
    })
    .await;
}

#[tokio::test]
async fn who_calls_after_the_write_is_not_handed_a_load_from_before_it() {
    on_each_store(async |cache| {
        for way in WAYS {
            cache.try_invalidate("row:1").await.expect("the store can be told");
            let source = Source::held();
            let herd = |callers| {
                Herd::of(callers, || {
                    let (cache, source) = (cache.clone(), Arc::clone(&source));
                    async move { read(&cache, TENANT, &source, 1).await }
                })
            };
            let before = counters(&cache, "row").misses;
            let early = herd(1);
            source.asked(1).await;
            end(&cache, TENANT, way).await;
            let late = herd(100);
            missed(&cache, "row", before + 101).await;
            source.answer(1);
            assert_eq!(early.answers().await, [1]);
            source.answer_all();
            assert_eq!(late.answers().await, [2; 100], "{way:?}: one load more serves them all");
        }
    })
    .await;
}

#[tokio::test]
async fn while_a_tag_is_fenced_nothing_that_carries_it_is_served_or_stored() {
    on_each_store(async |cache| {
        let source = Source::open();
        assert_eq!(read(&cache, TENANT, &source, 1).await, 1);
        let fence = cache.fence_tags(TENANT).await;
        assert!(fence.stands());
        assert_eq!(read(&cache, TENANT, &source, 1).await, 2);
        assert_eq!(read(&cache, TENANT, &source, 1).await, 3);
        assert_eq!(read(&cache, TENANT, &source, 2).await, 4);
        fence.try_settle().await.expect("the store can be told");
        assert_eq!(read(&cache, TENANT, &source, 1).await, 5);
        assert_eq!(read(&cache, TENANT, &source, 1).await, 5);
    })
    .await;
}

#[tokio::test]
async fn a_stamp_that_is_lost_ends_what_carries_it() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let source = Source::open();
    assert_eq!(read(&cache, TENANT, &source, 1).await, 1);
    assert_eq!(server.command(&["DEL", "#tag:tenant:7"]).trim(), ":1");
    assert_eq!(read(&cache, TENANT, &source, 1).await, 2);
    assert_eq!(read(&cache, TENANT, &source, 1).await, 2);
}

#[tokio::test]
async fn a_tag_outlives_what_carries_it() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    const LONG: Policy = Policy::ttl(365 * 24 * 3600);
    for policy in [&ROW, &LONG] {
        let load = || async { Ok::<_, String>(1) };
        let tagged = cache.tagged(TENANT);
        assert_eq!(tagged.get_or_load("row:1", policy, load).await, Ok(1));
        let left = |key| -> i64 {
            let left = server.command(&["PTTL", key]);
            left.trim().trim_start_matches(':').parse().expect("a number")
        };
        assert!(left("#tag:tenant:7") >= left("row:1"));
        cache.try_invalidate("row:1").await.expect("the store can be told");
    }
}

#[tokio::test]
async fn a_namespace_is_flushed_at_once_and_alone() {
    let server = RedisServer::start();
    for url in ["memory://", &server.url()] {
        let build = async |namespace: &str| {
            let cache = Cache::builder().url(url).namespace(namespace);
            cache.build().await.expect("the URL is well-formed")
        };
        let (shop, other) = (build("shop").await, build("other").await);
        let source = Source::open();
        assert_eq!(read(&shop, TENANT, &source, 1).await, 1);
        assert_eq!(read(&shop, &[], &source, 2).await, 2);
        assert_eq!(read(&other, TENANT, &source, 1).await, 3);
        shop.try_put("greeting", "hello", 60).await.expect("the store can be told");
        assert_eq!(shop.get("greeting").await, Ok(Some("hello".to_owned())));

        shop.try_flush_namespace().await.expect("it has a namespace");
        assert_eq!(shop.get::<String>("greeting").await, Ok(None));
        assert_eq!(read(&other, TENANT, &source, 1).await, 3, "another namespace stays");
        assert_eq!(read(&shop, TENANT, &source, 1).await, 4);
        assert_eq!(read(&shop, &[], &source, 2).await, 5);
        assert_eq!(read(&shop, &[], &source, 2).await, 5);
    }
}

#[tokio::test]
async fn a_cache_without_a_namespace_says_that_it_has_none_to_flush() {
    let error = Cache::in_memory().try_flush_namespace().await.expect_err("there is none");
    assert!(matches!(&error, Error::Config(what) if what.contains(".namespace(")), "{error}");
}

#[tokio::test]
async fn a_dead_writer_of_a_tag_leaves_a_fence_and_no_old_value() {
    on_each_store(async |cache| {
        let source = Source::open();
        assert_eq!(read(&cache, TENANT, &source, 1).await, 1);
        drop(cache.fence_tags(TENANT).await);
        assert_eq!(read(&cache, TENANT, &source, 1).await, 2);
        assert_eq!(read(&cache, TENANT, &source, 1).await, 3, "nothing is stored under it");
    })
    .await;
}

/// A value that a tag has made stale does not count as one to fall back on.
#[tokio::test]
async fn a_tag_ends_the_grace_period_too() {
    const TTL: std::time::Duration = std::time::Duration::from_millis(100);
    const POLICY: Policy = Policy::ttl(3600).stale_while_revalidate(3600).stale_if_error(3600);
    on_each_store(async |cache| {
        let load = |row: Result<u64, &'static str>| move || async move { row };
        let tagged = cache.tagged(TENANT);
        let short = POLICY.with_ttl_duration(TTL);
        assert_eq!(tagged.get_or_load_owned("row:1", &short, load(Ok(1))).await, Ok(1));
        tokio::time::sleep(TTL).await;
        cache.try_invalidate_tags(TENANT).await.expect("the store can be told");
        let fails = load(Err("the source fails"));
        assert_eq!(
            tagged.get_or_load_owned("row:1", &POLICY, fails).await,
            Err("the source fails")
        );
        assert_eq!(tagged.get_or_load_owned("row:1", &POLICY, load(Ok(2))).await, Ok(2));
        in_time(
            "a hit",
            eventually("it is stored", async || {
                tagged.get::<u64>("row:1").await.is_ok_and(|row| row == Some(2))
            }),
        )
        .await;
    })
    .await;
}

/// Their number has one byte in an entry: a value with more is returned, and not stored.
#[tokio::test]
async fn more_tags_than_an_entry_has_room_for_are_counted_and_nothing_is_stored() {
    on_each_store(async |cache| {
        let source = Source::open();
        let tags: Vec<String> = (0..256).map(|tag| format!("tag:{tag}")).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        assert_eq!(read(&cache, &tags, &source, 1).await, 1);
        assert_eq!(read(&cache, &tags, &source, 1).await, 2);
        assert_eq!(counters(&cache, "row").unencodable, 2);
        assert_eq!(read(&cache, &tags[1..], &source, 2).await, 3);
        assert_eq!(read(&cache, &tags[1..], &source, 2).await, 3, "so many there is room for");
    })
    .await;
}
