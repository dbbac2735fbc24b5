//! Rows that are served while a load in the background renews them.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

use super::{Answer, PLAIN, counters, pass, rows, settle, state};
use crate::{Cache, policy::Policy, protocol::State, stats::FunctionStats};

pub(super) const LENIENT: Policy = PLAIN.stale_while_revalidate(600);
const AHEAD: Policy = PLAIN.refresh_ahead(0.5);

/// Answers each id with the number of the load, after a while.
#[derive(Clone, Default)]
pub(super) struct Slow {
    asked: Arc<Mutex<Vec<Vec<u64>>>>,
    takes: Arc<Mutex<Duration>>,
    fails: Arc<Mutex<bool>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slow {
    pub(super) fn load(self, mut ids: Vec<u64>) -> impl Future<Output = Answer> + Send {
        ids.sort_unstable();
        let load = {
            let mut asked = lock(&self.asked);
            asked.push(ids.clone());
            asked.len() as u64
        };
        async move {
            let takes = *lock(&self.takes);
            time::sleep(takes).await;
            if *lock(&self.fails) {
                return Err("no database");
            }
            Ok(ids.into_iter().map(|id| (id, load)).collect())
        }
    }

    pub(super) fn takes(&self, seconds: u64) {
        *lock(&self.takes) = Duration::from_secs(seconds);
    }

    pub(super) fn fails(&self, fails: bool) {
        *lock(&self.fails) = fails;
    }

    /// What each load was asked for since.
    pub(super) fn asked(&self) -> Vec<Vec<u64>> {
        lock(&self.asked).clone()
    }
}

pub(super) async fn find(cache: &Cache, policy: &Policy, source: &Slow, ids: &[u64]) -> Answer {
    let source = source.clone();
    let load = |ids| source.load(ids);
    cache.get_or_load_many_owned(ids, |id| format!("row:{id}"), policy, load).await
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_served_at_once_and_renewed_by_one_load() {
    for namespace in [None, Some("shop")] {
        let builder = Cache::builder();
        let cache = namespace.map_or(builder.clone(), |n| builder.namespace(n)).memory();
        let source = Slow::default();
        find(&cache, &LENIENT, &source, &[1, 2]).await.expect("the source answers");
        pass(60).await;
        find(&cache, &LENIENT, &source, &[3]).await.expect("the source answers");
        source.takes(1);
        let began = Instant::now();
        let served = find(&cache, &LENIENT, &source, &[3, 1, 2, 1]).await;
        assert_eq!(served, rows([(1, 1), (2, 1), (3, 2)]));
        assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits");
        settle().await;
        assert_eq!(
            find(&cache, &LENIENT, &source, &[2]).await,
            rows([(2, 1)]),
            "this process is at it"
        );
        settle().await;
        pass(1).await;
        settle().await;
        assert_eq!(source.asked(), [vec![1, 2], vec![3], vec![1, 2]]);
        let renewed = find(&cache, &LENIENT, &source, &[1, 2, 3]).await;
        assert_eq!(renewed, rows([(1, 3), (2, 3), (3, 2)]));
        let FunctionStats { hits, misses, stale_hits, loads, refreshes, .. } = counters(&cache);
        assert_eq!((hits, misses, stale_hits, loads, refreshes), (1 + 3, 3, 3, 3, 1));
        assert_eq!(state(&cache, "row:1#refresh{row:1}").await, State::Vacant);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_waited_for_beside_what_is_renewed() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    find(&cache, &LENIENT, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    source.takes(1);
    assert_eq!(find(&cache, &LENIENT, &source, &[1, 2]).await, rows([(1, 1), (2, 2)]));
    settle().await;
    assert_eq!(source.asked(), [[1], [2], [1]]);
    assert_eq!(find(&cache, &LENIENT, &source, &[1, 2]).await, rows([(1, 3), (2, 2)]));
}

#[tokio::test(start_paused = true)]
async fn what_is_about_to_expire_is_renewed_ahead() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    find(&cache, &AHEAD, &source, &[1, 2]).await.expect("the source answers");
    pass(29).await;
    find(&cache, &AHEAD, &source, &[1, 2]).await.expect("they are hits");
    settle().await;
    assert_eq!(source.asked().len(), 1, "it is too early");
    pass(1).await;
    // Only a call whose load can go on without it renews ahead.
    let load = async |_| Err("nobody asks");
    let key = |id: &u64| format!("row:{id}");
    let answer: Answer = cache.get_or_load_many(&[1], key, &AHEAD, load).await;
    assert_eq!(answer, rows([(1, 1)]));
    assert_eq!(find(&cache, &AHEAD, &source, &[1, 2, 3]).await, rows([(1, 1), (2, 1), (3, 2)]));
    settle().await;
    assert_eq!(source.asked(), [vec![1, 2], vec![3], vec![1, 2]]);
    assert_eq!(find(&cache, &AHEAD, &source, &[1, 2]).await, rows([(1, 3), (2, 3)]));
    let FunctionStats { hits, stale_hits, refreshes, .. } = counters(&cache);
    assert_eq!((hits, stale_hits, refreshes), (2 + 1 + 2 + 2, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn by_xfetch_a_value_is_due_before_its_end() {
    const XFETCH: Policy = PLAIN.xfetch();
    let (cache, source) = (Cache::in_memory(), Slow::default());
    let ids: Vec<u64> = (0..1000).collect();
    source.takes(0);
    find(&cache, &XFETCH, &source, &ids).await.expect("the source answers");
    // A load that took no time is renewed at the very end alone.
    time::advance(Duration::from_millis(59_999)).await;
    find(&cache, &XFETCH, &source, &ids).await.expect("they are hits");
    settle().await;
    let early = source.asked().get(1).map_or(0, Vec::len);
    assert!(early < 900, "{early} of 1000 rows are renewed ahead");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_is_not_tried_again_for_a_second() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    let loaded = find(&cache, &LENIENT, &source, &[1, 2]).await;
    pass(60).await;
    source.fails(true);
    for _ in 0..3 {
        assert_eq!(find(&cache, &LENIENT, &source, &[1, 2]).await, loaded);
        settle().await;
    }
    assert_eq!(source.asked().len(), 2);
    source.fails(false);
    pass(1).await;
    assert_eq!(find(&cache, &LENIENT, &source, &[1, 2]).await, loaded);
    settle().await;
    assert_eq!(find(&cache, &LENIENT, &source, &[1, 2]).await, rows([(1, 3), (2, 3)]));
    let FunctionStats { stale_hits, refreshes, load_failures, .. } = counters(&cache);
    assert_eq!((stale_hits, refreshes, load_failures), (8, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_during_a_renewal_wins() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    find(&cache, &LENIENT, &source, &[1, 2]).await.expect("the source answers");
    pass(60).await;
    source.takes(1);
    find(&cache, &LENIENT, &source, &[1, 2]).await.expect("they are served");
    settle().await;
    cache.try_invalidate("row:1").await.expect("memory");
    pass(1).await;
    settle().await;
    assert_eq!(counters(&cache).superseded, 1);
    assert_eq!(state(&cache, "row:1").await, State::Vacant);
    source.takes(0);
    assert_eq!(find(&cache, &LENIENT, &source, &[1, 2]).await, rows([(1, 3), (2, 2)]));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_caller_leaves_its_renewal_to_go_on() {
    let (cache, source) = (Cache::in_memory(), Slow::default());
    find(&cache, &LENIENT, &source, &[1]).await.expect("the source answers");
    pass(60).await;
    source.takes(1);
    let call = find(&cache, &LENIENT, &source, &[1, 2]);
    assert!(time::timeout(Duration::from_millis(500), call).await.is_err());
    pass(1).await;
    settle().await;
    source.takes(0);
    // What is missing ends with the caller.
    assert_eq!(find(&cache, &LENIENT, &source, &[1, 2]).await, rows([(1, 3), (2, 4)]));
}

#[tokio::test(start_paused = true)]
async fn a_renewal_is_in_the_scope_of_its_caller() {
    let cache = Cache::in_memory();
    let call = async || {
        let load = |ids: Vec<u64>| async move {
            let scoped = u64::from(Cache::scoped().is_some());
            ids.into_iter().map(|id| (id, scoped)).collect::<HashMap<_, _>>()
        };
        cache.get_or_load_many_owned(&[1], |id| format!("row:{id}"), &LENIENT, load).await
    };
    assert_eq!(call().await, HashMap::from([(1, 0)]));
    pass(60).await;
    assert_eq!(cache.scope(call()).await, HashMap::from([(1, 0)]));
    settle().await;
    assert_eq!(call().await, HashMap::from([(1, 1)]));
}

/// Without a runtime of tokio nothing can be renewed, and what has expired is served.
#[test]
fn without_a_runtime_rows_are_served() {
    let rows: HashMap<u64, u64> = futures_util::FutureExt::now_or_never(async {
        let cache = Cache::in_memory();
        let load = |ids: Vec<u64>| async move { ids.into_iter().map(|id| (id, id)).collect() };
        let key = |id: &u64| format!("row:{id}");
        const BRIEF: Policy =
            Policy::ttl_duration(Duration::from_millis(1)).stale_while_revalidate(60);
        let rows: HashMap<u64, u64> = cache.get_or_load_many_owned(&[1], key, &BRIEF, load).await;
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(
            cache
                .get_or_load_many_owned::<_, _, HashMap<u64, u64>, _, _>(&[1], key, &BRIEF, load)
                .await,
            rows
        );
        rows
    })
    .expect("nothing waits");
    assert_eq!(rows, HashMap::from([(1, 1)]));
}
