//! Values that have expired or are about to: served while they are renewed, renewed once, and never after a
//! write.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, FunctionStats, Policy};
use cache_tests::{
    dialogue::Dialogue,
    herd::{Herd, counters},
    patience::{eventually, in_time},
    server::RedisServer,
    source::{Served, Source},
    stores::on_each_store,
};
use tokio::time::sleep;

/// For how long the first value is fresh. Those that come after it last, so that a slow machine does not see them expire.
const TTL: Duration = Duration::from_millis(150);
const ROW: Policy = Policy::ttl(3600).name("row");

/// Reads the row; a load that is told to fails after its query.
async fn read(
    cache: &Cache,
    policy: Policy,
    source: &Arc<Source>,
    fails: &Arc<AtomicBool>,
) -> Result<u64, &'static str> {
    let (source, fails) = (Arc::clone(source), Arc::clone(fails));
    let load = || async move {
        let row = source.query().await;
        if fails.load(Ordering::SeqCst) { Err("the source fails") } else { Ok(row) }
    };
    cache.get_or_load_owned("row:1", &policy, load).await
}

/// A row that has expired a moment ago: its first version is cached, and nothing newer has been loaded.
async fn expired(cache: &Cache, policy: Policy, source: &Arc<Source>) -> Result<(), &'static str> {
    source.answer(1);
    let short = policy.with_ttl_duration(TTL);
    assert_eq!(read(cache, short, source, &Arc::default()).await?, 1);
    // A real duration is the subject.
    sleep(TTL).await;
    Ok(())
}

fn herd(callers: usize, cache: &Cache, policy: Policy, source: &Arc<Source>) -> Herd<u64> {
    Herd::of(callers, || {
        let (cache, source) = (cache.clone(), Arc::clone(source));
        async move { read(&cache, policy, &source, &Arc::default()).await.expect("it does not fail") }
    })
}

#[tokio::test]
async fn an_expired_value_is_served_at_once_and_renewed_once() {
    on_each_store(async |cache| {
        const POLICY: Policy = ROW.stale_while_revalidate(3600);
        let source = Source::held();
        expired(&cache, POLICY, &source).await.expect("it is loaded");

        assert_eq!(herd(1000, &cache, POLICY, &source).answers().await, [1; 1000]);
        source.asked(2).await;
        assert_eq!(herd(1000, &cache, POLICY, &source).answers().await, [1; 1000]);
        assert_eq!(source.queries(), 2, "one load for all");
        source.answer(1);
        eventually("the new value is there", async || {
            read(&cache, POLICY, &source, &Arc::default()).await == Ok(2)
        })
        .await;
        let row = counters(&cache, "row");
        assert_eq!((row.loads, row.refreshes, row.misses), (2, 1, 1));
        assert!(row.stale_hits >= 2000, "{} stale hits", row.stale_hits);
    })
    .await;
}

#[tokio::test]
async fn past_the_grace_period_callers_wait() {
    on_each_store(async |cache| {
        const POLICY: Policy = ROW.stale_while_revalidate_duration(TTL);
        let source = Source::held();
        expired(&cache, POLICY, &source).await.expect("it is loaded");
        sleep(TTL).await;
        source.answer(1);
        assert_eq!(read(&cache, POLICY, &source, &Arc::default()).await, Ok(2));
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_ends_an_expired_value_and_its_renewal() {
    on_each_store(async |cache| {
        const POLICY: Policy = ROW.stale_while_revalidate(3600).stale_if_error(3600);
        let source = Source::held();
        expired(&cache, POLICY, &source).await.expect("it is loaded");
        assert_eq!(read(&cache, POLICY, &source, &Arc::default()).await, Ok(1));
        source.asked(2).await;

        cache.try_invalidate("row:1").await.expect("the store can be told");
        let after = herd(100, &cache, POLICY, &source);
        source.asked(3).await;
        source.answer_all();
        assert_eq!(after.answers().await, [3; 100], "nobody is served what was written over");
        eventually("the renewal is over", async || counters(&cache, "row").superseded == 1).await;
        assert_eq!(read(&cache, POLICY, &source, &Arc::default()).await, Ok(3));
    })
    .await;
}

#[tokio::test]
async fn a_failing_source_is_covered_by_the_expired_value_and_left_alone_for_a_while() {
    on_each_store(async |cache| {
        const POLICY: Policy = ROW.stale_if_error(3600);
        let source = Source::held();
        expired(&cache, POLICY, &source).await.expect("it is loaded");
        source.answer_all();
        let fails = Arc::new(AtomicBool::new(true));

        assert_eq!(read(&cache, POLICY, &source, &fails).await, Ok(1));
        assert_eq!(source.queries(), 2, "it was tried");
        let began = tokio::time::Instant::now();
        for _ in 0..100 {
            assert_eq!(read(&cache, POLICY, &source, &fails).await, Ok(1));
        }
        // The pause is a second: on a machine that stands still for so long, a second try is right.
        let tries = 3 + began.elapsed().as_secs();
        assert!(source.queries() <= tries, "{} tries of at most {tries}", source.queries());

        fails.store(false, Ordering::SeqCst);
        eventually("the source is asked again", async || {
            read(&cache, POLICY, &source, &fails).await != Ok(1)
        })
        .await;
        assert!(counters(&cache, "row").stale_hits >= 101);
    })
    .await;
}

#[tokio::test]
async fn all_who_wait_for_a_load_that_fails_are_served_the_expired_value() {
    on_each_store(async |cache| {
        const POLICY: Policy = ROW.stale_if_error(3600).lock();
        let source = Source::held();
        expired(&cache, POLICY, &source).await.expect("it is loaded");
        let fails = Arc::new(AtomicBool::new(true));
        let seen = cache.stats().store.bytes_read;
        let herd = Herd::of(1000, || {
            let (cache, source, fails) = (cache.clone(), Arc::clone(&source), Arc::clone(&fails));
            async move { read(&cache, POLICY, &source, &fails).await }
        });
        // Each of them reads the one byte of the value that has expired, the one that leads twice, and waits.
        eventually("all of them wait", async || cache.stats().store.bytes_read == seen + 1001)
            .await;
        source.answer_all();
        assert_eq!(herd.answers().await, [Ok(1); 1000]);
        assert_eq!(source.queries(), 2);
        let FunctionStats { misses, stale_hits, .. } = counters(&cache, "row");
        assert_eq!((misses, stale_hits), (1, 1000), "each call is counted once");
    })
    .await;
}

#[tokio::test]
async fn without_a_value_to_fall_back_on_an_error_is_an_error() {
    on_each_store(async |cache| {
        const POLICY: Policy = ROW.stale_if_error(3600).stale_while_revalidate(3600);
        let (source, fails) = (Source::held(), Arc::new(AtomicBool::new(true)));
        expired(&cache, POLICY, &source).await.expect("it is loaded");
        source.answer_all();
        cache.try_invalidate("row:1").await.expect("the store can be told");
        assert_eq!(read(&cache, POLICY, &source, &fails).await, Err("the source fails"));
    })
    .await;
}

#[tokio::test]
async fn a_slow_source_is_waited_for_no_longer_than_asked_and_its_load_goes_on() {
    on_each_store(async |cache| {
        const POLICY: Policy =
            ROW.stale_if_error(3600).soft_timeout(Duration::from_millis(20)).lock();
        let source = Source::held();
        expired(&cache, POLICY, &source).await.expect("it is loaded");

        assert_eq!(herd(100, &cache, POLICY, &source).answers().await, [1; 100]);
        assert_eq!(source.queries(), 2, "one load for all");
        source.answer(1);
        eventually("the load has gone on", async || cache.get::<u64>("row:1").await == Ok(Some(2)))
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_value_is_renewed_ahead_of_its_end() {
    on_each_store(async |cache| {
        // A part of the ttl that is over soon: 180 ms. The new value is not renewed in its turn.
        const SOON: Policy = ROW.refresh_ahead(0.000_05);
        const LATE: Policy = ROW.refresh_ahead(0.9);
        let source = Source::held();
        source.answer(1);
        assert_eq!(read(&cache, SOON, &source, &Arc::default()).await, Ok(1));
        eventually("a renewal begins", async || {
            assert_eq!(read(&cache, SOON, &source, &Arc::default()).await, Ok(1));
            source.queries() == 2
        })
        .await;
        source.answer(1);
        eventually("the new value is there", async || {
            read(&cache, LATE, &source, &Arc::default()).await == Ok(2)
        })
        .await;
        let row = counters(&cache, "row");
        assert_eq!((row.loads, row.refreshes, row.stale_hits), (2, 1, 0));
    })
    .await;
}

#[tokio::test]
async fn a_renewal_that_panics_is_tried_again() {
    on_each_store(async |cache| {
        const POLICY: Policy = ROW.stale_while_revalidate(3600);
        let source = Source::open();
        let read = async |policy: Policy| {
            let source = Arc::clone(&source);
            let load = || async move {
                let row = source.query().await;
                assert!(row != 2, "the renewal panics, as the test wants it");
                Ok::<_, String>(row)
            };
            cache.get_or_load_owned("row:1", &policy, load).await
        };
        assert_eq!(read(POLICY.with_ttl_duration(TTL)).await, Ok(1));
        sleep(TTL).await;
        eventually("another renewal has succeeded", async || read(POLICY).await == Ok(3)).await;
    })
    .await;
}

#[tokio::test]
async fn an_audit_counts_what_the_cache_should_not_hold() {
    on_each_store(async |cache| {
        const POLICY: Policy = Policy::ttl(3600).audit(1.0).name("row");
        let read = async |row: u64| {
            cache.get_or_load("row:1", &POLICY, || async move { Ok::<_, String>(row) }).await
        };
        assert_eq!(read(1).await, Ok(1));
        assert_eq!(read(1).await, Ok(1));
        assert_eq!(counters(&cache, "row").stale_detected, 0);
        assert_eq!(read(2).await, Ok(2), "its caller is given what the source says");
        // A writer that tells the cache is no difference.
        let invalidated = cache.get_or_load("row:1", &POLICY, async || {
            cache.try_invalidate("row:1").await.map_err(|e| e.to_string())?;
            Ok::<_, String>(3_u64)
        });
        assert_eq!(invalidated.await, Ok(3));
        let row = counters(&cache, "row");
        assert_eq!((row.audits, row.stale_detected), (3, 1));
    })
    .await;
}

/// Four processes of 250 callers on one key, which expires again and again.
#[tokio::test]
async fn a_thousand_callers_of_four_processes_never_wait_and_cost_one_load_for_each_expiry() {
    const ROUNDS: u64 = 5;
    let (server, source) = (RedisServer::start(), Source::held());
    let served = Served::start(&source).await.expect("loopback has a free port");
    let mut processes: Vec<Dialogue> = (1..=4)
        .map(|name: u32| {
            let (address, name) = (served.address().to_string(), name.to_string());
            let args = [&*server.url(), &*address, &*name, "250"];
            Dialogue::with_process(env!("CARGO_BIN_EXE_fresh-worker"), &args)
                .expect("a worker can be started")
        })
        .collect();
    // The first load is waited for, by one process.
    source.answer(1);
    processes[0].say("call").await;
    processes[0].hear("answers {1: 250}").await;

    for round in 1..=ROUNDS {
        sleep(Duration::from_millis(200)).await;
        // Nothing is answered meanwhile, so whoever is answered has not waited for the source.
        for _ in 0..2 {
            for process in &mut processes {
                process.say("call").await;
            }
            for process in &mut processes {
                process.hear(&format!("answers {{{round}: 250}}")).await;
            }
        }
        source.asked(round + 1).await;
        assert_eq!(source.queries(), round + 1, "one load for the whole fleet");
        source.answer(1);
        in_time("the new value", async {
            let renewed = format!("answers {{{}: 250}}", round + 1);
            loop {
                processes[0].say("call").await;
                if format!("answers {}", processes[0].hear_after("answers ").await) == renewed {
                    break;
                }
            }
        })
        .await;
        // The new value may have expired while that was found out: the next load waits for its answer then.
        assert!(source.queries() <= round + 2);
    }
    println!("{} loads for {ROUNDS} expiries, by {:?}", source.queries() - 1, source.clients());
}
