//! Values that have expired: who replaces them, and what is served in their place or in the load's.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use tokio::time;

use super::{Answer, FORGIVING, PLAIN, Source, counters, fail, find, pass, rows, state};
use crate::{
    Cache,
    codec::{self, Meta},
    encoding::Encoding,
    policy::Policy,
    protocol::{Reply, State, Step},
    read::{
        engine::{Ask, Engine},
        keys::Keys,
        request::Request,
    },
    stats::FunctionStats,
};

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
        assert_eq!(state(&cache, "row:1#refresh{row:1}").await, State::Vacant);
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
        _ = answers.remove(elected.expect("one of them waits for its load"));
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
        cache.try_invalidate("row:1").await.expect("memory");
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
async fn what_is_replaced_or_invalidated_between_two_steps_is_seen() {
    for put in [true, false] {
        let (cache, source) = (Cache::in_memory(), Source::default());
        find(&cache, &FORGIVING, &source, &[1]).await.expect("the source answers");
        pass(60).await;
        let counters = cache.inner.registry.counters("rows");
        let request = Request::new(&cache.inner, counters, FORGIVING, Vec::new());
        let keys = Keys::many(vec!["row:1".to_owned()]);
        let mut engine = Engine::new(request.expect("it is not disabled"), keys, false);
        engine.look().await;
        assert!(engine.keys[0].take_found().is_none());
        match put {
            true => cache.try_put("row:1", &7, 60).await.expect("memory"),
            false => cache.try_invalidate("row:1").await.expect("memory"),
        }
        let (mut engine, ask) = engine.next().await;
        assert_eq!(matches!(ask, Ask::Decode), put);
        assert_eq!(matches!(ask, Ask::Load), !put);
        assert_eq!(state(&cache, "row:1#refresh{row:1}").await, State::Vacant, "nobody is elected");
        if !put {
            let which = engine.keys[0].lease().expect("nobody else loads it");
            let held = engine.claims.held(which).expect("it is not spent");
            let (expected, stamp, life) = (held.expected(), held.stamp(), FORGIVING.ttl);
            let value = codec::encode(&8, stamp, &Encoding::DEFAULT, Meta::default());
            let value = value.expect("a number");
            let guard = cache.inner.guard.as_ref().expect("it is not disabled");
            let filled = guard.run("row:1", Step::Fill { expected, stamp, value, life }).await;
            assert_eq!(filled, Ok(Reply::Done));
            engine.claims.spend(which);
        }
        assert_eq!(cache.get::<u64>("row:1").await, Ok(Some(if put { 7 } else { 8 })));
    }
}
