//! Loads that fail: who gets the error, who tries again, how many at once, and what is stored.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use cache_runtime::{Cache, Policy, cached};
use cache_tests::{
    herd::{Herd, counters, missed},
    patience::{eventually, in_time},
    port::Port,
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};
use tokio::time::sleep;

/// An error that callers can share, with the number of its query.
#[derive(Clone, Debug, PartialEq)]
struct Shared(u64);

/// One that they cannot.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Own(u64);

#[cached(key = "row:<id>", ttl = 60, lock(lease = "1h", wait = "1h"), cache = cache,
    skip(cache, source, failures), name = "sharing")]
async fn sharing(cache: &Cache, source: &Source, failures: u64, id: u64) -> Result<u64, Shared> {
    let query = source.query().await;
    if query > failures { Ok(query) } else { Err(Shared(query)) }
}

/// Fails in its first so many queries.
#[cached(key = "row:<id>", ttl = 60, lock(lease = "1h", wait = "1h"), cache = cache,
    skip(cache, source, failures), name = "alone")]
async fn alone(cache: &Cache, source: &Source, failures: u64, id: u64) -> Result<u64, Own> {
    let query = source.query().await;
    if query > failures { Ok(query) } else { Err(Own(query)) }
}

#[cached(key = "row:<id>", ttl = 60, negative_ttl = 60, cache = cache,
    skip(cache, source, failures), name = "optional")]
async fn optional(
    cache: &Cache,
    source: &Source,
    failures: u64,
    id: u64,
) -> Result<Option<u64>, Own> {
    let query = source.query().await;
    if query > failures { Ok(Some(query)) } else { Err(Own(query)) }
}

/// Another function of the same key, whose error is of another type.
#[cached(key = "row:<id>", ttl = 60, cache = cache, skip(cache, source), name = "stranger")]
async fn stranger(cache: &Cache, source: &Source, id: u64) -> Result<u64, String> {
    Err(format!("query {}", source.query().await))
}

fn herd_of_alone(
    callers: usize,
    cache: &Cache,
    source: &Arc<Source>,
    failures: u64,
) -> Herd<Result<u64, Own>> {
    Herd::of(callers, || {
        let (cache, source) = (cache.clone(), Arc::clone(source));
        async move { alone(&cache, &source, failures, 1).await }
    })
}

/// A thousand callers of one key whose first load has failed, and of whom the first few try again.
async fn after_one_failure(cache: &Cache, source: &Arc<Source>) -> Herd<Result<u64, Own>> {
    let herd = herd_of_alone(1000, cache, source, 1);
    missed(cache, "alone", 1000).await;
    source.answer(1);
    source.runs(4).await;
    herd
}

/// Waits until every task of this runtime waits for something: a paused clock moves on no sooner.
async fn all_quiet() {
    sleep(Duration::from_millis(1)).await;
}

#[tokio::test]
async fn an_error_that_can_be_cloned_costs_a_thousand_callers_one_load() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(1000, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { sharing(&cache, &source, u64::MAX, 1).await }
        });
        missed(&cache, "sharing", 1000).await;
        source.answer_all();

        assert!(herd.answers().await.iter().all(|answer| *answer == Err(Shared(1))));
        assert_eq!(source.queries(), 1);
        let counters = counters(&cache, "sharing");
        assert_eq!((counters.loads, counters.load_failures, counters.coalesced), (1, 1, 999));
    })
    .await;
}

#[tokio::test]
async fn who_cannot_share_an_error_rides_one_failed_load_and_gets_its_own() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = herd_of_alone(1000, &cache, &source, u64::MAX);
        missed(&cache, "alone", 1000).await;
        source.answer_all();

        let errors: BTreeSet<_> =
            herd.answers().await.into_iter().map(|answer| answer.expect_err("all fail")).collect();
        assert_eq!(errors.len(), 1000, "no two callers have the error of one query");
        assert_eq!(source.queries(), 1000, "each caller has run its loader once");
        let counters = counters(&cache, "alone");
        assert_eq!((counters.loads, counters.load_failures), (1000, 1000));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_four_try_at_once_and_after_theirs_twice_as_many() {
    let cache = Cache::in_memory();
    let source = Source::held();
    let herd = herd_of_alone(500, &cache, &source, u64::MAX);
    all_quiet().await;
    let mut rounds = Vec::new();
    while source.running() > 0 {
        rounds.push(source.running());
        source.answer(source.running());
        all_quiet().await;
    }
    assert_eq!(rounds, [1, 4, 8, 16, 32, 64, 128, 247], "and those who are left in the end");
    assert_eq!(source.most_running(), 247);
    assert!(herd.answers().await.iter().all(Result::is_err));
}

#[tokio::test(start_paused = true)]
async fn one_failure_lets_one_more_try() {
    let cache = Cache::in_memory();
    let source = Source::held();
    let _herd = herd_of_alone(500, &cache, &source, u64::MAX);
    all_quiet().await;
    let mut widths = Vec::new();
    for _ in 0..6 {
        widths.push(source.running());
        source.answer(1);
        all_quiet().await;
    }
    assert_eq!(widths, [1, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn when_the_source_recovers_after_one_failure_a_few_loads_serve_all() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = after_one_failure(&cache, &source).await;
        source.answer_all();

        let (values, errors): (Vec<_>, Vec<_>) =
            herd.answers().await.into_iter().partition(Result::is_ok);
        assert_eq!((values.len(), errors), (999, vec![Err(Own(1))]));
        assert!(source.queries() <= 5, "one and the first round, not {}", source.queries());
        assert_eq!(source.most_running(), 4);
        let queries = source.queries();
        assert!(alone(&cache, &source, 1, 1).await.is_ok(), "and it was stored");
        assert_eq!(source.queries(), queries);
    })
    .await;
}

#[tokio::test]
async fn the_first_value_after_a_failure_serves_all_whoever_loads_it() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = after_one_failure(&cache, &source).await;
        // All four called before any of these loads began, as did all who wait; one is as good as another,
        // and one of them holds the lease. The fifth query never comes to an end.
        source.answer(3);

        eventually("almost all have the value", async || counters(&cache, "alone").loads <= 5)
            .await;
        eventually("nobody else asks", async || source.running() <= 1).await;
        assert!(source.queries() <= 5, "one and the first round, not {}", source.queries());
        source.answer_all();
        assert_eq!(herd.answers().await.iter().filter(|answer| answer.is_ok()).count(), 999);
        assert!(source.queries() <= 5, "one and the first round, not {}", source.queries());
    })
    .await;
}

#[tokio::test]
async fn without_a_store_too_a_few_loads_serve_all_after_one_failure() {
    let nobody = Port::take();
    let cache = patient_cache(&format!("redis://127.0.0.1:{nobody}")).await;
    let source = Source::held();
    let herd = after_one_failure(&cache, &source).await;
    source.answer_all();

    assert_eq!(herd.answers().await.iter().filter(|answer| answer.is_ok()).count(), 999);
    assert!(source.queries() <= 5, "one and the first round, not {}", source.queries());
}

#[tokio::test]
async fn an_error_is_never_stored() {
    on_each_store(async |cache| {
        let source = Source::open();
        assert_eq!(sharing(&cache, &source, 9, 1).await, Err(Shared(1)));
        assert_eq!(alone(&cache, &source, 9, 1).await, Err(Own(2)));
        assert_eq!(optional(&cache, &source, 9, 1).await, Err(Own(3)));
        let load = || async { Err::<u64, _>(source.query().await) };
        assert_eq!(cache.get_or_load("row:1", &Policy::ttl(60), load).await, Err(4));
        assert_eq!(cache.get::<serde_json::Value>("row:1").await, Ok(None));

        assert_eq!(optional(&cache, &source, 4, 1).await, Ok(Some(5)), "the next one loads");
        assert_eq!(optional(&cache, &source, 9, 1).await, Ok(Some(5)));
    })
    .await;
}

#[tokio::test]
async fn a_failed_load_leaves_no_lease() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let source = Source::open();
    assert_eq!(sharing(&cache, &source, 1, 1).await, Err(Shared(1)));
    eventually("the key is gone", async || server.command(&["DBSIZE"]).trim() == ":0").await;
    let other = patient_cache(&server.url()).await;
    assert_eq!(in_time("the lease", sharing(&other, &source, 1, 1)).await, Ok(2));
    assert_eq!(sharing(&cache, &source, 1, 1).await, Ok(2), "it was stored");
}

#[tokio::test]
async fn callers_that_leave_or_panic_in_their_own_try_hold_up_nobody() {
    on_each_store(async |cache| {
        let source = Source::held();
        let first: Vec<_> = (0..40)
            .map(|_| {
                let (cache, source) = (cache.clone(), Arc::clone(&source));
                tokio::spawn(async move { alone(&cache, &source, u64::MAX, 1).await })
            })
            .collect();
        missed(&cache, "alone", 40).await;
        source.answer(1);
        source.runs(4).await;
        // Some of these are at it, and some wait for their turn.
        first.iter().skip(1).take(20).for_each(|caller| caller.abort());
        source.answer_all();

        let mut failed = 0;
        for caller in first {
            match in_time("an end of every call", caller).await {
                Ok(answer) => failed += u64::from(answer.is_err()),
                Err(error) => assert!(error.is_cancelled()),
            }
        }
        assert_eq!(failed, 20);
        assert!(source.queries() <= 24, "twenty, and at most four that were dropped at it");
    })
    .await;
}

#[tokio::test]
async fn an_error_of_another_type_is_handed_to_nobody() {
    on_each_store(async |cache| {
        let source = Source::held();
        let leader = tokio::spawn({
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { stranger(&cache, &source, 1).await }
        });
        source.asked(1).await;
        let herd = Herd::of(10, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { sharing(&cache, &source, u64::MAX, 1).await }
        });
        missed(&cache, "sharing", 10).await;
        source.answer(1);

        let error = in_time("the first answer", leader).await.expect("it does not panic");
        assert_eq!(error, Err("query 1".to_owned()));
        let told = async || counters(&cache, "sharing").coalesced == 10;
        eventually("all are told, and one of them loads", told).await;
        source.answer_all();
        assert!(herd.answers().await.iter().all(|answer| *answer == Err(Shared(2))));
        assert_eq!(source.queries(), 2);
    })
    .await;
}
