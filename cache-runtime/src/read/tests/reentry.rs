//! Calls from within a load of their own key: two layers that are cached under one, and a batch above a function of one
//! row.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{self, timeout};

use super::{pass, settle};
use crate::{
    Cache, Policy,
    codec::{self, Meta},
    encoding::Encoding,
    guard::Guard,
    lease::{Claims, Which},
    protocol::{Reply, Step},
};

const RENEWED: Policy = Policy::ttl(60).stale_while_revalidate(600).name("row");
const AHEAD: Policy = Policy::ttl(60).refresh_ahead(0.5).name("row");
const AUDITED: Policy = Policy::ttl(60).audit(1.0).name("row");

/// A source whose row is the number of the query.
#[derive(Clone, Default)]
struct Source(Arc<AtomicU64>);

impl Source {
    fn query(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn queries(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The layer below, which hands out what has expired and renews it in the background.
async fn below(cache: Cache, source: Source) -> u64 {
    let load = || async move { Ok::<_, Infallible>(source.query()) };
    cache.get_or_load_owned("row:1", &RENEWED, load).await.unwrap_or_else(|never| match never {})
}

async fn above(cache: &Cache, policy: &Policy, source: &Source) -> u64 {
    let (below_it, source) = (cache.clone(), source.clone());
    let load = || async { Ok::<_, Infallible>(below(below_it, source).await) };
    cache.get_or_load_owned("row:1", policy, load).await.unwrap_or_else(|never| match never {})
}

/// One row, asked for by a batch that loads it by the function of one row.
async fn batch(cache: &Cache, source: &Source) -> u64 {
    let load = async |ids: Vec<u64>| {
        let mut rows = HashMap::new();
        for id in ids {
            rows.insert(id, below(cache.clone(), source.clone()).await);
        }
        rows
    };
    let key = |id: &u64| format!("row:{id}");
    cache.get_or_load_many(&[1], key, &RENEWED, load).await[&1]
}

/// The batch within a load of the row.
async fn above_the_batch(cache: &Cache, source: &Source) -> Option<u64> {
    cache.get_or_load("row:1", &RENEWED, async || Some(batch(cache, source).await)).await
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_loads_row_by_row_stores_nothing_that_has_expired() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    assert_eq!(batch(&cache, &source).await, 1);
    pass(61).await;
    assert_eq!(batch(&cache, &source).await, 2);
    assert_eq!(source.queries(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_loaded_by_a_batch_is_not_what_has_expired() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    assert_eq!(above_the_batch(&cache, &source).await, Some(1));
    pass(61).await;
    assert_eq!(above_the_batch(&cache, &source).await, Some(2));
    assert_eq!(source.queries(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_is_answered_by_the_source_through_every_layer() {
    for (policy, seconds) in [(&RENEWED, 61), (&AHEAD, 31)] {
        let (cache, source) = (Cache::in_memory(), Source::default());
        assert_eq!(above(&cache, policy, &source).await, 1);
        pass(seconds).await;
        assert_eq!(above(&cache, policy, &source).await, 1, "it is renewed in the background");
        settle().await;
        assert_eq!(cache.get("row:1").await, Ok(Some(2)));
        assert_eq!(source.queries(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_audit_asks_the_source_through_every_layer() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    assert_eq!(above(&cache, &AUDITED, &source).await, 1);
    assert_eq!(above(&cache, &AUDITED, &source).await, 2);
    let counters = cache.stats().function("row").cloned().unwrap_or_default();
    assert_eq!((counters.audits, counters.stale_detected), (1, 1));
}

/// Another process loads the row, for values of another layout. They come to stand under the key while this call waits,
/// and are gone when its load calls.
#[tokio::test(start_paused = true)]
async fn a_load_beside_another_layout_does_not_wait_for_itself() {
    let cache = Cache::in_memory();
    let guard = cache.inner.guard.as_ref().expect("it is not disabled");
    let mut ours = RENEWED.wait(Duration::from_secs(10));
    ours.encoding.fingerprint = 8;
    let lease = leased(guard).await;
    let call = cache.get_or_load("row:1", &ours, async || {
        cache.try_invalidate("row:1").await.expect("the store is there");
        cache.get_or_load("row:1", &ours, async || Some(7)).await
    });
    let theirs = async {
        time::sleep(Duration::from_secs(1)).await;
        fill(guard, lease, 7).await;
    };
    let both = async { tokio::join!(call, theirs).0 };
    assert_eq!(timeout(Duration::from_secs(60), both).await, Ok(Some(7)));
}

/// The lease of the row, for an hour.
async fn leased(guard: &Arc<Guard>) -> Claims {
    let life = Duration::from_secs(3600);
    let mut claims = Claims::none(guard, life);
    let (_, token) = claims.ask("row:1".into(), None);
    assert_eq!(guard.run("row:1", Step::Acquire { token, life }).await, Ok(Reply::Acquired));
    claims
}

/// Stores a row of this fingerprint.
async fn fill(guard: &Arc<Guard>, mut claims: Claims, fingerprint: u64) {
    let encoding = Encoding { fingerprint, ..Encoding::DEFAULT };
    let held = claims.held(Which::FIRST).expect("it is not spent");
    let (stamp, expected, life) = (held.stamp(), held.expected(), Duration::from_secs(60));
    let value = codec::encode(&0, stamp, &encoding, Meta::default()).expect("a number");
    claims.spend(Which::FIRST);
    let step = Step::Fill { expected, stamp, value, life };
    assert_eq!(guard.run("row:1", step).await, Ok(Reply::Done));
}
