//! What writers leave in the store, byte for byte where that matters: lives, and the stamps of tags.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::time::{advance, sleep};

use super::Fence;
use crate::{
    cache::Cache,
    declared::Identity,
    entry::Entry,
    guard::Guard,
    key,
    policy::Policy,
    protocol::{Nonce, Reply, State, Step},
    time::Clock,
    write::{Leave, Stores, Through, writes},
};

const MINUTE: Policy = Policy::ttl(60);

/// These are no functions of a program.
const ID: Identity = Identity::NONE;

fn guard(cache: &Cache) -> &Arc<Guard> {
    cache.inner.guard.as_ref().expect("the cache is on")
}

fn shop() -> Cache {
    Cache::builder().namespace("shop").build_lazily().expect("a good namespace")
}

async fn state(cache: &Cache, stored: &str) -> State<Entry> {
    guard(cache).read(stored).await.expect("the embedded store answers")
}

async fn entry(cache: &Cache, stored: &str) -> Option<Entry> {
    match state(cache, stored).await {
        State::Value(_, entry) => Some(entry),
        _ => None,
    }
}

async fn stamp(cache: &Cache, stored: &str) -> Option<Nonce> {
    entry(cache, stored).await.map(|entry| entry.stamp())
}

fn tag(cache: &Cache, tag: &str) -> String {
    cache.tag(|out| out.key(tag))
}

/// Writes a 7 under `k`, fencing and carrying tags, while `meanwhile` happens.
async fn write(
    cache: &Cache,
    policy: &Policy,
    fences: &[&str],
    tags: &[&str],
    meanwhile: impl Future<Output = ()>,
) {
    let inner = &cache.inner;
    let counters = cache.counters("test");
    let named = |tags: &[&str]| tags.iter().map(|it| tag(cache, it)).collect();
    let through = Through {
        inner,
        guard: guard(cache),
        counters: &counters,
        policy,
        key: Some(cache.key(policy.version, |out| out.key("k"))),
        fences: named(fences),
        tags: named(tags),
        hold: Duration::ZERO,
    };
    let leave = Leave::new(inner, &counters, policy, ID, Stores::Value);
    let body = async {
        meanwhile.await;
        Ok::<_, Infallible>(7)
    };
    let value = |value: &u32, leave: &mut Leave| leave.value(value, None);
    let written = writes::<crate::return_shape::Fallible<u32, Infallible>, _, _>(
        through, leave, None, value, body,
    );
    assert_eq!(written.await, Ok(7));
}

async fn nothing() {}

#[tokio::test(start_paused = true)]
async fn a_value_says_when_it_is_stale_and_is_kept_for_as_long_as_it_may_be_served() {
    let cache = Cache::in_memory();
    let policy = MINUTE.stale_while_revalidate(30).stale_if_error(600);
    let now = Clock::Tokio.now_ms();
    write(&cache, &policy, &[], &[], nothing()).await;
    let header = entry(&cache, "k").await.expect("it was stored").header();
    assert_eq!((header.soft_expiry, header.ttl), (now + 60_000, 60_000));
    advance(Duration::from_secs(659)).await;
    assert!(entry(&cache, "k").await.is_some(), "stale, and kept");
    advance(Duration::from_secs(1)).await;
    assert_eq!(state(&cache, "k").await, State::Vacant);
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_value_begins_after_the_write() {
    let cache = Cache::in_memory();
    let now = Clock::Tokio.now_ms();
    let slow = advance(Duration::from_secs(5));
    write(&cache, &MINUTE, &[], &[], slow).await;
    let header = entry(&cache, "k").await.expect("it was stored").header();
    assert_eq!(header.soft_expiry, now + 65_000);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_put_has_a_life_too() {
    let cache = Cache::in_memory();
    let now = Clock::Tokio.now_ms();
    cache.try_put("k", &7, 60).await.expect("it can be stored");
    let header = entry(&cache, "k").await.expect("it was stored").header();
    assert_eq!((header.soft_expiry, header.ttl), (now + 60_000, 60_000));
}

#[tokio::test]
async fn a_value_carries_the_stamps_that_its_tags_had_before_the_write() {
    let cache = shop();
    write(&cache, &MINUTE, &[], &["b", "a"], nothing()).await;
    let first = entry(&cache, "shop:k").await.expect("it was stored");
    let mut standing = Vec::new();
    for name in ["shop:#all", "shop:#tag:a", "shop:#tag:b"] {
        standing.push(stamp(&cache, name).await.expect("a stamp was made"));
    }
    assert_eq!(first.tags().collect::<Vec<_>>(), standing);
    // Asked for again, they are the same.
    write(&cache, &MINUTE, &[], &["a", "b"], nothing()).await;
    let second = entry(&cache, "shop:k").await.expect("it was stored");
    assert_eq!(second.tags().collect::<Vec<_>>(), standing);
    // One that is invalidated while a write is at work is not the one that the value carries.
    let invalidated = async { cache.try_invalidate_tags(["a"]).await.expect("the store answers") };
    write(&cache, &MINUTE, &[], &["a", "b"], invalidated).await;
    let third = entry(&cache, "shop:k").await.expect("it was stored");
    assert_eq!(third.tags().collect::<Vec<_>>(), standing);
    assert_eq!(stamp(&cache, "shop:#tag:a").await, None);
}

#[tokio::test]
async fn a_value_that_is_put_carries_the_tag_of_its_namespace() {
    let cache = shop();
    cache.try_put("k", &7, 60).await.expect("it can be stored");
    let entry = entry(&cache, "shop:k").await.expect("it was stored");
    let standing = stamp(&cache, &key::stored_namespace("shop")).await;
    assert_eq!(entry.tags().map(Some).collect::<Vec<_>>(), [standing]);
}

#[tokio::test]
async fn under_a_fenced_tag_nothing_is_left() {
    let cache = shop();
    let all = Fence::raise(&cache.inner, vec![key::stored_namespace("shop")]).await;
    cache.try_put("k", &7, 60).await.expect("it is no error");
    assert_eq!(state(&cache, "shop:k").await, State::Vacant);
    all.try_settle().await.expect("the store answers");
    let fence = cache.fence_tags(["a"]).await;
    write(&cache, &MINUTE, &[], &["a"], nothing()).await;
    assert_eq!(state(&cache, "shop:k").await, State::Vacant);
    write(&cache, &MINUTE, &[], &["b"], nothing()).await;
    assert!(entry(&cache, "shop:k").await.is_some());
    fence.try_settle().await.expect("the store answers");
    write(&cache, &MINUTE, &[], &["a"], nothing()).await;
    assert!(entry(&cache, "shop:k").await.is_some());
}

#[tokio::test]
async fn a_value_may_carry_what_its_writer_invalidates() {
    let cache = shop();
    write(&cache, &MINUTE, &[], &["a"], nothing()).await;
    let before = stamp(&cache, "shop:#tag:a").await;
    write(&cache, &MINUTE, &["a"], &["a", "b"], nothing()).await;
    let after = stamp(&cache, "shop:#tag:a").await;
    assert!(after.is_some() && after != before, "others that carry the tag are stale");
    let entry = entry(&cache, "shop:k").await.expect("it was stored");
    assert_eq!(entry.tags().nth(1), after, "and this one is not");
}

#[tokio::test]
async fn a_tag_that_others_invalidate_meanwhile_makes_the_value_stale() {
    let cache = shop();
    let invalidated = async { cache.try_invalidate_tags(["a"]).await.expect("the store answers") };
    write(&cache, &MINUTE, &["a"], &["a"], invalidated).await;
    assert!(entry(&cache, "shop:k").await.is_some(), "the key itself was nobody else's");
    assert_eq!(stamp(&cache, "shop:#tag:a").await, None, "but its stamp never came to stand");
}

#[tokio::test(start_paused = true)]
async fn tags_outlive_a_value_whose_ttl_came_with_it() {
    let cache = Cache::in_memory();
    let month = Duration::from_secs(30 * 24 * 3600);
    let inner = &cache.inner;
    let counters = cache.counters("test");
    let policy = &Policy::UNSET;
    let through = Through {
        inner,
        guard: guard(&cache),
        counters: &counters,
        policy,
        key: Some("k".into()),
        fences: vec![tag(&cache, "own")],
        tags: vec![tag(&cache, "own"), tag(&cache, "other")],
        hold: Duration::ZERO,
    };
    let leave = Leave::new(inner, &counters, policy, ID, Stores::Value);
    let body = async { Ok::<_, Infallible>(7) };
    let value = |value: &u32, leave: &mut Leave| {
        leave.ttl(month);
        leave.value(value, None);
    };
    _ = writes::<crate::return_shape::Fallible<u32, Infallible>, _, _>(
        through, leave, None, value, body,
    )
    .await;
    advance(month - Duration::from_secs(1)).await;
    let carried: Vec<_> = entry(&cache, "k").await.expect("it is kept").tags().map(Some).collect();
    let standing = [stamp(&cache, "#tag:other").await, stamp(&cache, "#tag:own").await];
    assert_eq!(carried, standing);
}

#[tokio::test]
async fn an_entry_with_more_tags_than_it_has_room_for_is_not_stored() {
    let cache = Cache::in_memory();
    let tags: Vec<_> = (0..256).map(|n| n.to_string()).collect();
    let tags: Vec<_> = tags.iter().map(String::as_str).collect();
    write(&cache, &MINUTE, &[], &tags[..255], nothing()).await;
    assert!(entry(&cache, "k").await.is_some());
    write(&cache, &MINUTE, &[], &tags, nothing()).await;
    assert_eq!(state(&cache, "k").await, State::Vacant);
}

/// Whether anything can be cached under a key whose writers come every five seconds, at some time in a minute.
async fn is_cached_between_writes(cache: &Cache, key: &str) -> bool {
    let mut cached = false;
    for _ in 0..12 {
        cache.fence([key]).await.try_settle().await.expect("the embedded store answers");
        _ = cache.get_or_load(key, &MINUTE, async || Some(7)).await;
        cached |= cache.get::<u32>(key).await == Ok(Some(7));
        sleep(Duration::from_secs(5)).await;
    }
    cached
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_gone_is_counted_out_although_others_write() {
    let cache = Cache::in_memory();
    assert!(is_cached_between_writes(&cache, "k").await);
    drop(cache.fence(["k", "l"]).await);
    assert!(is_cached_between_writes(&cache, "k").await);
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_is_gone_is_counted_out_when_its_time_is_over_and_takes_nothing_along() {
    let cache = Cache::in_memory();
    let (gone, other) = (cache.fence(["k"]).await, cache.fence(["k"]).await);
    drop(gone);
    sleep(Duration::from_secs(9)).await;
    other.try_settle().await.expect("the embedded store answers");
    _ = cache.get_or_load("k", &MINUTE, async || Some(7)).await;
    assert_eq!(cache.get::<u32>("k").await, Ok(None), "it may be committed yet");
    // Another writer is at work when the time of the first one is over.
    let other = cache.fence(["k"]).await;
    sleep(Duration::from_secs(30)).await;
    _ = cache.get_or_load("k", &MINUTE, async || Some(7)).await;
    assert_eq!(cache.get::<u32>("k").await, Ok(None), "the other one is still at work");
    other.try_settle().await.expect("the embedded store answers");
    _ = cache.get_or_load("k", &MINUTE, async || Some(7)).await;
    assert_eq!(cache.get::<u32>("k").await, Ok(Some(7)));
    // One whose fence has fallen by itself has no share in what is there now.
    drop(cache.fence(["k"]).await);
    sleep(Duration::from_millis(9_999)).await;
    assert!(matches!(run(&cache, "k").await, State::Fenced(_)));
    sleep(Duration::from_millis(1)).await;
    _ = cache.get_or_load("k", &MINUTE, async || Some(8)).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(cache.get::<u32>("k").await, Ok(Some(8)));
}

/// What is under a key: the embedded store's hot path tells values alone.
async fn run(cache: &Cache, key: &str) -> State<Entry> {
    match guard(cache).run(key, Step::Read).await {
        Ok(Reply::Found(state)) => state,
        other => panic!("{other:?}"),
    }
}
