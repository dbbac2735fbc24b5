//! Loads that are waited for no longer than asked, hits that are audited, and closures that look at what was loaded.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Answer, PLAIN, counters, pass,
    renewed::{LENIENT, Slow, find},
    rows, settle,
};
use crate::{
    Cache,
    policy::Policy,
    read::{Decision, OwnedMany, Request, many},
    return_shape::{FallibleRows, Hashed, unique_ids},
    stats::FunctionStats,
};

const SOFT: Policy = PLAIN.stale_if_error(600).soft_timeout(Duration::from_secs(1));

#[tokio::test(start_paused = true)]
async fn a_load_is_waited_for_no_longer_than_asked_and_goes_on() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    let loaded = find(&cache, &SOFT, &source, &[1, 2]).await;
    pass(60).await;
    source.takes(3);
    let began = Instant::now();
    assert_eq!(find(&cache, &SOFT, &source, &[1, 2, 1]).await, loaded);
    assert_eq!(began.elapsed().as_secs(), 1);
    pass(2).await;
    settle().await;
    assert_eq!(find(&cache, &SOFT, &source, &[1, 2]).await, rows([(1, 2), (2, 2)]));
    let FunctionStats { hits, misses, stale_hits, loads, .. } = counters(&cache);
    assert_eq!((hits, misses, stale_hits, loads), (2, 2, 2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_is_in_time_is_what_its_caller_gets() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    find(&cache, &SOFT, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    assert_eq!(find(&cache, &SOFT, &source, &[1]).await, rows([(1, 2)]));
    assert_eq!(find(&cache, &SOFT, &source, &[1]).await, rows([(1, 2)]), "it is stored");
    pass(60).await;
    source.fails(true);
    assert_eq!(find(&cache, &SOFT, &source, &[1]).await, rows([(1, 2)]), "in its failure's place");
    let FunctionStats { hits, misses, stale_hits, load_failures, .. } = counters(&cache);
    assert_eq!((hits, misses, stale_hits, load_failures), (1, 2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_row_without_a_value_to_serve_is_waited_for() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    find(&cache, &SOFT, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    source.takes(3);
    assert_eq!(find(&cache, &SOFT, &source, &[1, 2]).await, rows([(1, 2), (2, 2)]));
    source.fails(true);
    cache.try_invalidate("row:1").await.expect("memory");
    assert_eq!(find(&cache, &SOFT, &source, &[1, 2]).await, Err("no database"));
}

#[tokio::test(start_paused = true)]
async fn a_hit_that_is_audited_is_loaded_with_what_is_missing() {
    const AUDITED: Policy = PLAIN.audit(1.0);
    let (cache, source) = (Cache::in_memory(), Slow::default());
    find(&cache, &AUDITED, &source, &[1, 2]).await.expect("the source answers");
    assert_eq!(find(&cache, &AUDITED, &source, &[3, 2]).await, rows([(2, 2), (3, 2)]));
    assert_eq!(source.asked(), [vec![1, 2], vec![2, 3]]);
    let FunctionStats { hits, audits, stale_detected, .. } = counters(&cache);
    assert_eq!((hits, audits, stale_detected), (1, 1, 1));
    // It is compared, and not stored.
    source.fails(true);
    assert_eq!(find(&cache, &AUDITED, &source, &[1, 2, 3]).await, rows([(1, 1), (2, 1), (3, 2)]));
    assert_eq!(find(&cache, &AUDITED, &source, &[1, 4]).await, Err("no database"));
    let FunctionStats { audits, stale_detected, load_failures, .. } = counters(&cache);
    assert_eq!((audits, stale_detected, load_failures), (1 + 3 + 1, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn what_a_writer_has_changed_is_no_difference() {
    const AUDITED: Policy = PLAIN.audit(1.0);
    let cache = Cache::builder().namespace("shop").memory();
    let source = Slow::default();
    find(&cache, &AUDITED, &source, &[1, 2, 3]).await.expect("the source answers");
    let load = async |ids: Vec<u64>| {
        cache.try_invalidate("row:1").await.expect("memory");
        Ok(ids.into_iter().map(|id| (id, if id == 3 { 1 } else { 7 })).collect())
    };
    let key = |id: &u64| format!("row:{id}");
    let answer: Answer = cache.get_or_load_many(&[1, 2, 3], key, &AUDITED, load).await;
    assert_eq!(answer, rows([(1, 7), (2, 7), (3, 1)]));
    assert_eq!((counters(&cache).audits, counters(&cache).stale_detected), (3, 1));
}

/// The closures of the attribute, on what is loaded in the background too.
#[tokio::test(start_paused = true)]
async fn closures_decide_of_every_row_for_how_long_it_is_kept() {
    type ResultRows = FallibleRows<Hashed<u64, std::hash::RandomState>, &'static str>;
    let (cache, source) = (Cache::in_memory(), Slow::default());
    let call = async |ids: &[u64]| {
        let counters = cache.inner.registry.counters("rows");
        let request = Request::new(&cache.inner, counters, LENIENT, Vec::new());
        let unique = unique_ids(ids);
        let keys = unique.iter().map(|&at| format!("row:{}", ids[at])).collect();
        // A row is kept for as many seconds as its load's number is.
        let hooks =
            || |row: &Option<u64>, decision: &mut Decision| decision.ttl(row.unwrap_or_default());
        let load = || {
            let source = source.clone();
            Cache::load_in_same_scope(|ids| source.load(ids))
        };
        let request = request.expect("it is not disabled");
        let mut body = OwnedMany::new(hooks, load);
        many(request, keys, (ids, &unique), (ResultRows::default(), (None, None)), &mut body).await
    };
    assert_eq!(call(&[1]).await, rows([(1, 1)]));
    assert_eq!(call(&[2]).await, rows([(2, 2)]));
    pass(1).await;
    assert_eq!(call(&[1, 2]).await, rows([(1, 1), (2, 2)]));
    settle().await;
    assert_eq!(source.asked(), [[1], [2], [1]], "the first has expired, the second has not");
    pass(2).await;
    assert_eq!(call(&[1, 2]).await, rows([(1, 3), (2, 2)]));
    settle().await;
    assert_eq!(source.asked(), [[1], [2], [1], [2]], "the renewed one is kept for three seconds");
}
