//! Values and tags that come back with the server.

use std::sync::{Arc, atomic::Ordering};

use cache_runtime::Cache;
use cache_tests::patience::eventually;

use super::{
    Away, BATCH, BOTH, FALLBACK, Fallen, LOCKED, PLAIN, Persistence, REVALIDATED, Rows, TAGGED,
};

/// What one round of reads has returned: the versions of functions whose entries do not expire, and of those whose do.
async fn read(rows: &Rows, cache: &Cache) -> Vec<(u64, u64)> {
    let mut seen = Vec::new();
    for (id, version) in [
        (PLAIN, rows.plain(cache, PLAIN).await),
        (TAGGED, rows.tagged(cache, TAGGED).await),
        (LOCKED, rows.locked(cache, LOCKED).await),
        (REVALIDATED, rows.revalidated(cache, REVALIDATED).await),
        (FALLBACK, rows.fallback(cache, FALLBACK).await),
    ] {
        seen.push((id, version.expect("the source is there")));
    }
    seen.extend(rows.batch(cache, &BATCH).await.expect("the source is there"));
    seen
}

/// How many of these are older than their rows.
fn older(rows: &Rows, seen: Vec<(u64, u64)>) -> usize {
    seen.into_iter().filter(|&(id, version)| version < rows.current(id)).count()
}

/// Reads until the functions whose entries do not expire hit, and counts stale reads.
async fn stale_until_hits_resume(rows: &Rows, cache: &Cache) -> usize {
    let mut stale = 0;
    eventually("everything hits again", async || {
        stale += older(rows, read(rows, cache).await);
        let before = rows.loads();
        let lasting = [
            rows.plain(cache, PLAIN).await,
            rows.tagged(cache, TAGGED).await,
            rows.locked(cache, LOCKED).await,
        ];
        let batch = rows.batch(cache, &BATCH).await.expect("the source is there");
        let ids = [PLAIN, TAGGED, LOCKED].into_iter();
        let seen = ids.zip(lasting.map(|version| version.expect("the source is there")));
        stale += older(rows, seen.chain(batch).collect());
        rows.loads() == before
    })
    .await;
    stale
}

/// Writes rows that the server will have forgotten were written, and counts the stale reads of the process that wrote, of
/// another one, and of one that starts afterwards.
async fn stale_reads(persistence: Persistence, namespace: Option<&str>, query: &str) -> usize {
    let (mut fallen, rows) = (Fallen::start(persistence), Rows::default());
    let writer = fallen.cache_at(query, namespace).await;
    let reader = fallen.cache_at(query, namespace).await;
    for cache in [&writer, &reader] {
        assert_eq!(stale_until_hits_resume(&rows, cache).await, 0, "nothing was written yet");
    }
    fallen.save();
    for id in [PLAIN, LOCKED, BATCH[0], BATCH[1], REVALIDATED, FALLBACK] {
        rows.update(&writer, id).await.expect("it has no source to fail");
    }
    rows.update_group(&writer, TAGGED).await.expect("it has no source to fail");
    assert_eq!(writer.stats().store.pending_invalidations, 0, "the server has confirmed all of it");
    for cache in [&writer, &reader] {
        assert_eq!(stale_until_hits_resume(&rows, cache).await, 0, "before the server fell back");
    }
    fallen.fall_back();
    let mut stale = 0;
    for cache in [&writer, &reader, &fallen.cache_at(query, namespace).await] {
        stale += stale_until_hits_resume(&rows, cache).await;
    }
    stale
}

#[tokio::test]
async fn nothing_that_comes_back_with_a_server_is_served() {
    for persistence in BOTH {
        for namespace in [None, Some("shop")] {
            let stale = stale_reads(persistence, namespace, "").await;
            assert_eq!(stale, 0, "{persistence:?}, namespace {namespace:?}");
        }
    }
}

/// The control: the server does hold the old values, and they would be served.
#[tokio::test]
async fn without_the_comparison_of_incarnations_it_is() {
    for persistence in BOTH {
        let stale = stale_reads(persistence, None, "?incarnations=off").await;
        assert!(stale > 0, "{persistence:?}: the test would not see a stale read");
    }
}

/// A flushed namespace stays flushed.
#[tokio::test]
async fn a_namespace_that_was_flushed_does_not_come_back() {
    let (mut fallen, rows) = (Fallen::start(Persistence::Snapshot), Rows::default());
    let cache = fallen.cache(Some("shop")).await;
    assert_eq!(rows.plain(&cache, PLAIN).await, Ok(1));
    fallen.save();
    cache.try_flush_namespace().await.expect("the server is there");
    fallen.fall_back();
    let later = fallen.cache(Some("shop")).await;
    for cache in [&cache, &later] {
        eventually("the server is used again", async || cache.get::<u64>("nothing").await.is_ok())
            .await;
        assert_eq!(cache.get::<u64>("plain:1").await, Ok(None));
    }
}

/// An expired value stands in for a load that fails; one that comes back with the server does not.
#[tokio::test]
async fn what_comes_back_is_nothing_to_fall_back_on() {
    let (mut fallen, rows) = (Fallen::start(Persistence::Snapshot), Rows::default());
    let cache = fallen.cache(None).await;
    assert_eq!(rows.fallback(&cache, FALLBACK).await, Ok(1));
    rows.away.store(true, Ordering::SeqCst);
    eventually("it has expired, and stands in", async || {
        let before = rows.loads();
        rows.fallback(&cache, FALLBACK).await == Ok(1) && rows.loads() > before
    })
    .await;
    fallen.save();
    rows.away.store(false, Ordering::SeqCst);
    rows.update(&cache, FALLBACK).await.expect("it has no source to fail");
    rows.away.store(true, Ordering::SeqCst);
    fallen.fall_back();
    let later = fallen.cache(None).await;
    for cache in [&cache, &later] {
        eventually("the server is used again", async || cache.get::<u64>("nothing").await.is_ok())
            .await;
        assert_eq!(rows.fallback(cache, FALLBACK).await, Err(Away));
        let many = rows.batch(cache, &[FALLBACK]).await;
        assert_eq!(many, Err(Away));
    }
}

/// Old entries are replaced, by one load of the fleet.
#[tokio::test]
async fn what_comes_back_is_loaded_once_and_replaced() {
    let (mut fallen, rows) = (Fallen::start(Persistence::Snapshot), Arc::new(Rows::default()));
    let caches = [fallen.cache(None).await, fallen.cache(None).await];
    assert_eq!(rows.locked(&caches[0], LOCKED).await, Ok(1));
    fallen.save();
    fallen.fall_back();
    for cache in &caches {
        eventually("the server is used again", async || cache.get::<u64>("nothing").await.is_ok())
            .await;
    }
    let before = rows.loads();
    for cache in caches.iter().cycle().take(20) {
        assert_eq!(rows.locked(cache, LOCKED).await, Ok(1));
    }
    assert_eq!(rows.loads() - before, 1);
}
