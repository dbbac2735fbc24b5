//! Batches on a paused clock: what has expired, what is served for a load that failed, what a lease outlasts.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{self, Instant};

use crate::{
    cache::Cache,
    policy::Policy,
    protocol::{State, Step},
    stats::FunctionStats,
    time::nonce,
};

const PLAIN: Policy = Policy::ttl(60).name("rows");
const FORGIVING: Policy = PLAIN.stale_if_error(600);

/// Answers each id with the number of the load.
#[derive(Default)]
struct Source {
    loads: AtomicU64,
}

impl Source {
    fn load(&self, ids: Vec<u64>) -> HashMap<u64, u64> {
        let load = self.loads.fetch_add(1, Ordering::Relaxed) + 1;
        ids.into_iter().map(|id| (id, load)).collect()
    }
}

type Answer = Result<HashMap<u64, u64>, &'static str>;

fn rows<const N: usize>(rows: [(u64, u64); N]) -> Answer {
    Ok(HashMap::from(rows))
}

async fn find(cache: &Cache, policy: &Policy, source: &Source, ids: &[u64]) -> Answer {
    let load = async |ids| Ok(source.load(ids));
    cache.get_or_load_many(ids, |id| format!("row:{id}"), policy, load).await
}

/// As `find`, with a source that is out of order.
async fn fail(cache: &Cache, policy: &Policy, ids: &[u64]) -> Answer {
    let load = async |_| Err("no database");
    cache.get_or_load_many(ids, |id| format!("row:{id}"), policy, load).await
}

async fn state(cache: &Cache, key: &str) -> State<crate::entry::Entry> {
    let guard = cache.inner.guard.as_ref().expect("it is not disabled");
    guard.read(key).await.expect("memory")
}

fn counters(cache: &Cache) -> FunctionStats {
    cache.stats().function("rows").cloned().unwrap_or_default()
}

async fn pass(seconds: u64) {
    time::advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_loaded_anew_with_what_was_never_there() {
    for policy in [PLAIN, FORGIVING] {
        let (cache, source) = (Cache::in_memory(), Source::default());
        assert_eq!(find(&cache, &policy, &source, &[1]).await, rows([(1, 1)]));
        pass(30).await;
        assert_eq!(find(&cache, &policy, &source, &[2]).await, rows([(2, 2)]));
        pass(30).await;
        let all = find(&cache, &policy, &source, &[1, 2, 3]).await;
        assert_eq!(all, rows([(1, 3), (2, 2), (3, 3)]));
        assert_eq!(find(&cache, &policy, &source, &[1, 2, 3]).await, all, "it is stored");
        let FunctionStats { hits, misses, loads, superseded, .. } = counters(&cache);
        assert_eq!((hits, misses, loads, superseded), (4, 4, 3, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_value_is_served_where_the_load_fails() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    let loaded = find(&cache, &FORGIVING, &source, &[1, 2]).await;
    pass(60).await;
    assert_eq!(fail(&cache, &FORGIVING, &[1, 2, 1]).await, loaded);
    assert_eq!(counters(&cache).stale_hits, 2);
    pass(599).await;
    assert_eq!(fail(&cache, &FORGIVING, &[1, 2]).await, loaded, "until the last moment");
    pass(1).await;
    assert_eq!(fail(&cache, &FORGIVING, &[1, 2]).await, Err("no database"));
    let FunctionStats { stale_hits, loads, load_failures, .. } = counters(&cache);
    assert_eq!((stale_hits, loads, load_failures), (4, 4, 3));
}

#[tokio::test(start_paused = true)]
async fn expired_values_are_served_for_all_that_is_missing_or_for_nothing() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    find(&cache, &FORGIVING, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    assert_eq!(fail(&cache, &FORGIVING, &[1, 2]).await, Err("no database"));
    assert_eq!(counters(&cache).stale_hits, 0);
    find(&cache, &FORGIVING, &source, &[2]).await.expect("the source answers");
    assert_eq!(fail(&cache, &FORGIVING, &[1, 2]).await, rows([(1, 1), (2, 2)]));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_has_failed_is_left_alone_for_a_second() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    let loaded = find(&cache, &FORGIVING, &source, &[1, 2]).await;
    pass(60).await;
    for _ in 0..3 {
        assert_eq!(fail(&cache, &FORGIVING, &[1, 2]).await, loaded);
    }
    assert_eq!((counters(&cache).load_failures, counters(&cache).stale_hits), (1, 6));
    // A row that was never there has to be asked for, and with it all others.
    assert_eq!(fail(&cache, &FORGIVING, &[1, 2, 3]).await, Err("no database"));
    pass(1).await;
    assert_eq!(fail(&cache, &FORGIVING, &[1, 2]).await, loaded);
    pass(1).await;
    assert_eq!(find(&cache, &FORGIVING, &source, &[1, 2]).await, rows([(1, 2), (2, 2)]));
    assert_eq!(counters(&cache).load_failures, 3);
}

/// Calls `find` at once, with a source that takes a second.
async fn herd(cache: &Cache, policy: &Policy, source: &Source) -> Vec<Answer> {
    let call = async || {
        let load = async |ids| {
            time::sleep(Duration::from_secs(1)).await;
            Ok(source.load(ids))
        };
        cache.get_or_load_many(&[1, 2], |id| format!("row:{id}"), policy, load).await
    };
    futures_util::future::join_all((0..20).map(|_| call())).await
}

#[tokio::test(start_paused = true)]
async fn with_a_lock_one_caller_replaces_what_has_expired() {
    for namespace in [None, Some("shop")] {
        let builder = Cache::builder();
        let cache = namespace.map_or(builder.clone(), |n| builder.namespace(n)).memory();
        let source = Source::default();
        let policy = FORGIVING.lock();
        find(&cache, &policy, &source, &[1, 2]).await.expect("the source answers");
        pass(60).await;
        let answers = herd(&cache, &policy, &source).await;
        assert_eq!(answers, vec![rows([(1, 2), (2, 2)]); 20]);
        let FunctionStats { loads, lock_waits, stale_hits, superseded, .. } = counters(&cache);
        assert_eq!((loads, lock_waits, stale_hits, superseded), (2, 19, 0, 0));
        assert_eq!(state(&cache, "row:1#refresh").await, State::Vacant);
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_caller_replaces_is_served_to_the_others_where_that_is_allowed() {
    const LENIENT: Policy = PLAIN.stale_while_revalidate(600);
    for policy in [LENIENT, LENIENT.lock()] {
        let (cache, source) = (Cache::in_memory(), Source::default());
        find(&cache, &policy, &source, &[1, 2]).await.expect("the source answers");
        pass(60).await;
        let mut answers = herd(&cache, &policy, &source).await;
        let fresh = rows([(1, 2), (2, 2)]);
        let elected = answers.iter().position(|answer| *answer == fresh);
        answers.remove(elected.expect("one of them waits for its load"));
        assert_eq!(answers, vec![rows([(1, 1), (2, 1)]); 19]);
        let FunctionStats { loads, lock_waits, stale_hits, .. } = counters(&cache);
        assert_eq!((loads, lock_waits, stale_hits), (2, 0, 38));
        assert_eq!(find(&cache, &policy, &source, &[1, 2]).await, fresh);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_caller_elects_the_next() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    find(&cache, &FORGIVING, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    let never = async |_| {
        std::future::pending::<()>().await;
        Err("never")
    };
    let key = |id: &u64| format!("row:{id}");
    let call = cache.get_or_load_many::<_, _, Answer, _, _>(&[1], key, &FORGIVING, never);
    assert!(time::timeout(Duration::from_secs(1), call).await.is_err());
    assert_eq!(find(&cache, &FORGIVING, &source, &[1]).await, rows([(1, 2)]));
    assert_eq!(find(&cache, &FORGIVING, &source, &[1]).await, rows([(1, 2)]), "it is stored");
}

#[tokio::test(start_paused = true)]
async fn a_batch_and_the_function_of_one_row_elect_one_of_them() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    let policy = FORGIVING.lock();
    find(&cache, &policy, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    let one = cache.get_or_load("row:1", &policy, || async {
        time::sleep(Duration::from_secs(1)).await;
        source.load(vec![1]).remove(&1)
    });
    let many = async {
        time::sleep(Duration::from_millis(500)).await;
        find(&cache, &policy, &source, &[1]).await
    };
    assert_eq!(tokio::join!(one, many), (Some(2), rows([(1, 2)])));
    assert_eq!(source.loads.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_write_during_a_load_that_fails_takes_the_expired_value_with_it() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    find(&cache, &FORGIVING, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    let load = async |_| {
        cache.invalidate("row:1").await.expect("memory");
        Err("no database")
    };
    let answer: Answer =
        cache.get_or_load_many(&[1], |id| format!("row:{id}"), &FORGIVING, load).await;
    assert_eq!(answer, Err("no database"));
}

#[tokio::test(start_paused = true)]
async fn an_expired_value_whose_row_is_gone_goes_too() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    find(&cache, &FORGIVING, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    let nothing = async |_| Ok(HashMap::new());
    let answer: Answer =
        cache.get_or_load_many(&[1], |id| format!("row:{id}"), &FORGIVING, nothing).await;
    assert_eq!(answer, rows([]));
    assert_eq!(state(&cache, "row:1").await, State::Vacant);
    assert_eq!(fail(&cache, &FORGIVING, &[1]).await, Err("no database"));
}

#[tokio::test(start_paused = true)]
async fn a_tag_outlives_the_entries_that_carry_it() {
    let cache = Cache::builder().namespace("shop").memory();
    let source = Source::default();
    let slow = async |ids| {
        time::sleep(Duration::from_secs(900)).await;
        Ok(source.load(ids))
    };
    let loaded: Answer =
        cache.get_or_load_many(&[1], |id| format!("row:{id}"), &FORGIVING, slow).await;
    pass(60 + 599).await;
    assert_eq!(fail(&cache, &FORGIVING, &[1]).await, loaded, "its stamp stands still");
    cache.invalidate("#all").await.expect("memory");
    assert_eq!(fail(&cache, &FORGIVING, &[1]).await, Err("no database"));
}

#[tokio::test(start_paused = true)]
async fn whoever_has_waited_enough_loads_and_stores_nothing() {
    const IMPATIENT: Policy = PLAIN.wait(Duration::from_secs(10));
    let (cache, source) = (Cache::in_memory(), Source::default());
    let guard = Arc::clone(cache.inner.guard.as_ref().expect("it is not disabled"));
    let life = Duration::from_secs(3600);
    let acquire = |key| (key, Step::Acquire { token: nonce(), life });
    guard.run_many(&["row:1", "row:2"].map(acquire)).await.expect("memory");
    let began = Instant::now();
    assert_eq!(find(&cache, &IMPATIENT, &source, &[1, 2]).await, rows([(1, 1), (2, 1)]));
    assert_eq!(began.elapsed().as_secs(), 10);
    assert_eq!(counters(&cache).lock_waits, 1);
    assert_eq!(find(&cache, &PLAIN, &source, &[1, 2]).await, rows([(1, 2), (2, 2)]));
    // A row that nobody loads is loaded at once, and with it all others: no lease is held by one that waits.
    let began = Instant::now();
    assert_eq!(find(&cache, &IMPATIENT, &source, &[1, 3]).await, rows([(1, 3), (3, 3)]));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// The futures can be spawned, as those of the functions that they stand for.
#[tokio::test]
async fn a_batch_can_be_spawned() {
    let cache = Cache::in_memory();
    let call = tokio::spawn(async move {
        let load = |ids: Vec<u64>| async move { ids.into_iter().map(|id| (id, id)).collect() };
        let rows: HashMap<u64, u64> =
            cache.get_or_load_many(&[1, 2], |id| format!("row:{id}"), &PLAIN, load).await;
        rows.len()
    });
    assert_eq!(call.await.expect("it does not panic"), 2);
}
