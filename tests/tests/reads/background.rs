//! What loads in the background take along of their callers.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use cache_runtime::{Builder, Cache, Policy};
use cache_tests::{herd::counters, log::Log, patience::eventually};
use tracing::{Instrument, Span};

tokio::task_local! {
    static REQUEST: u64;
}

/// It expires at once, and is renewed in the background.
const RENEWED: Policy =
    Policy::ttl_duration(Duration::from_millis(1)).stale_while_revalidate(600).name("renewed");
const SOFT: Policy = Policy::ttl_duration(Duration::from_millis(1))
    .stale_if_error(600)
    .soft_timeout(Duration::from_secs(20))
    .name("soft");

/// The requests that loads have seen themselves to be part of.
type Seen = Arc<Mutex<Vec<Option<u64>>>>;

fn see(seen: &Seen) {
    let request = REQUEST.try_with(|request| *request).ok();
    seen.lock().expect("nobody panics with it").push(request);
}

async fn one(cache: &Cache, policy: &Policy, seen: &Seen) {
    let seen = Arc::clone(seen);
    let load = || async move {
        see(&seen);
        tracing::info!("in the body");
        Ok::<_, Infallible>(1)
    };
    assert_eq!(cache.get_or_load_owned("row:1", policy, load).await, Ok(1));
}

async fn many(cache: &Cache, seen: &Seen) {
    let seen = Arc::clone(seen);
    let load = move |ids: Vec<u64>| {
        see(&seen);
        async move { Ok::<_, Infallible>(ids.into_iter().map(|id| (id, id)).collect::<Vec<_>>()) }
    };
    let rows = cache.get_or_load_many_owned(&[1, 2], |id| format!("row:{id}"), &RENEWED, load);
    assert_eq!(rows.await, Ok(vec![(1, 1), (2, 2)]));
}

/// Calls until a load has gone on in the background, as request 7. What that load has seen.
async fn seen_in_the_background(cache: &Cache, call: impl AsyncFn(&Seen)) -> Option<u64> {
    let seen = Seen::default();
    // The caller loads the first one itself.
    call(&seen).await;
    seen.lock().expect("nobody panics with it").clear();
    eventually("a load in the background", async || {
        REQUEST.scope(7, call(&seen)).await;
        !seen.lock().expect("nobody panics with it").is_empty()
    })
    .await;
    let seen = seen.lock().expect("nobody panics with it");
    _ = cache;
    seen[0]
}

fn carrying() -> Builder {
    Cache::builder().wrap_background(|load| {
        let load = Box::pin(load.instrument(Span::current()));
        match REQUEST.try_with(|request| *request) {
            Ok(request) => Box::pin(REQUEST.scope(request, load)),
            Err(_) => load,
        }
    })
}

#[tokio::test]
async fn a_load_in_the_background_takes_along_what_the_cache_was_built_to_carry() {
    for (builder, carried) in [(carrying(), Some(7)), (Cache::builder(), None)] {
        let cache = builder.build().await.expect("good settings");
        let one_seen =
            seen_in_the_background(&cache, async |seen| one(&cache, &RENEWED, seen).await);
        assert_eq!(one_seen.await, carried);
        assert!(counters(&cache, "renewed").refreshes > 0);
        let cache = carrying_or_not(carried).await;
        let many_seen = seen_in_the_background(&cache, async |seen| many(&cache, seen).await);
        assert_eq!(many_seen.await, carried);
        let cache = carrying_or_not(carried).await;
        let soft_seen = seen_in_the_background(&cache, async |seen| one(&cache, &SOFT, seen).await);
        assert_eq!(soft_seen.await, carried);
    }
}

async fn carrying_or_not(carried: Option<u64>) -> Cache {
    let builder = if carried.is_some() { carrying() } else { Cache::builder() };
    builder.build().await.expect("good settings")
}

/// So a trace of the request shows what the request has begun.
#[tokio::test]
async fn a_span_can_be_carried() {
    let log = Log::listen();
    let cache = carrying().build().await.expect("good settings");
    let span = tracing::info_span!("request", number = 7);
    let seen = seen_in_the_background(&cache, async |seen| {
        one(&cache, &RENEWED, seen).instrument(span.clone()).await;
    });
    seen.await;
    assert!(log.says("INFO", &["in the body"]));
}
