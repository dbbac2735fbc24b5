//! Loads that hang, or that nobody polls: whoever waits for them goes on.

use std::{
    collections::HashMap,
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream};
use tokio::time::{self, Instant, timeout};

use super::settle;
use crate::{Cache, Policy};

/// Longer than any bound.
const LONG: Duration = Duration::from_secs(300);

/// A source whose row is the number of the query. Some queries never come back.
#[derive(Clone, Default)]
struct Source {
    queries: Arc<AtomicU64>,
    hangs: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
}

/// Counts a query that is dropped before its end.
struct Unfinished(Arc<AtomicU64>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Source {
    async fn query(self) -> Result<u64, Infallible> {
        let query = self.queries.fetch_add(1, Ordering::Relaxed) + 1;
        if self.hangs.load(Ordering::Relaxed) {
            let _unfinished = Unfinished(self.dropped);
            return pending().await;
        }
        Ok(query)
    }

    fn hangs(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }

    fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// A call whose load can go on without it.
async fn owned(cache: &Cache, policy: &Policy, source: &Source) -> u64 {
    let source = source.clone();
    let load = || source.query();
    let Ok(row) = cache.get_or_load_owned("row:1", policy, load).await;
    row
}

/// A call that has its load within.
async fn attended(cache: &Cache, policy: &Policy, source: &Source) -> u64 {
    let source = source.clone();
    let Ok(row) = cache.get_or_load("row:1", policy, || source.query()).await;
    row
}

async fn answered<T>(call: impl Future<Output = T>) -> T {
    timeout(LONG, call).await.expect("it is answered in the end")
}

#[tokio::test(start_paused = true)]
async fn a_load_in_the_background_that_hangs_is_not_waited_for_once_nothing_stale_is_left() {
    const POLICY: Policy = Policy::ttl_duration(Duration::from_millis(500))
        .stale_if_error(1)
        .soft_timeout(Duration::from_millis(100));
    for lock in [false, true] {
        let policy = if lock { POLICY.lock().wait(Duration::from_secs(2)) } else { POLICY };
        let (cache, source) = (Cache::in_memory(), Source::default());
        assert_eq!(owned(&cache, &policy, &source).await, 1);
        time::advance(Duration::from_millis(600)).await;
        source.hangs(true);
        assert_eq!(owned(&cache, &policy, &source).await, 1, "what has expired stands in");
        source.hangs(false);
        time::advance(Duration::from_secs(2)).await;
        let began = Instant::now();
        let calls = join_all((0..50).map(|_| owned(&cache, &policy, &source)));
        let rows = answered(calls).await;
        assert_eq!(rows, [3; 50], "one of them loads for all");
        assert!(began.elapsed() <= Duration::from_secs(if lock { 2 } else { 10 }));
        time::advance(Duration::from_secs(31)).await;
        settle().await;
        assert_eq!(source.dropped(), 1, "the load has an end");
        let row = owned(&cache, &policy, &source).await;
        assert_eq!(owned(&cache, &policy, &source).await, row, "it is cached again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_hangs_is_dropped_and_another_one_takes_its_place() {
    const RENEWED: Policy = Policy::ttl(60).stale_while_revalidate(3600);
    const SHORT: Policy = RENEWED.load_timeout(Duration::from_secs(5));
    for (policy, limit) in [(RENEWED, 30), (SHORT, 5)] {
        let (cache, source) = (Cache::in_memory(), Source::default());
        assert_eq!(owned(&cache, &policy, &source).await, 1);
        time::advance(Duration::from_secs(61)).await;
        source.hangs(true);
        assert_eq!(owned(&cache, &policy, &source).await, 1, "it is renewed in the background");
        settle().await;
        source.hangs(false);
        time::sleep(Duration::from_secs(limit - 1)).await;
        assert_eq!((owned(&cache, &policy, &source).await, source.dropped()), (1, 0));
        time::sleep(Duration::from_secs(2)).await;
        assert_eq!(source.dropped(), 1);
        // After a failure nobody tries for a second.
        time::sleep(Duration::from_secs(1)).await;
        assert_eq!(owned(&cache, &policy, &source).await, 1);
        settle().await;
        assert_eq!((owned(&cache, &policy, &source).await, source.queries()), (3, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_hangs_is_taken_over_from_and_the_others_wait_for_the_new_one() {
    const POLICY: Policy = Policy::ttl(60).load_timeout(Duration::from_secs(30));
    let (cache, source) = (Cache::in_memory(), Source::default());
    source.hangs(true);
    let hung = tokio::spawn({
        let (cache, source) = (cache.clone(), source.clone());
        async move { attended(&cache, &POLICY, &source).await }
    });
    settle().await;
    source.hangs(false);
    let rows = answered(join_all((0..1000).map(|_| attended(&cache, &POLICY, &source)))).await;
    assert!(rows.iter().all(|row| *row == 2), "one loads for all");
    assert_eq!(source.queries(), 2);
    // The one that hangs keeps its lease until its time is over, so nothing is stored meanwhile.
    assert_eq!(attended(&cache, &POLICY, &source).await, 3);
    time::sleep(Duration::from_secs(31)).await;
    assert_eq!(attended(&cache, &POLICY, &source).await, 4);
    assert_eq!(attended(&cache, &POLICY, &source).await, 4, "it is cached again");
    assert!(!hung.is_finished(), "its caller has nothing else to get");
    hung.abort();
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_has_something_stale_gets_it_when_its_load_has_had_its_time() {
    const POLICY: Policy = Policy::ttl(60).stale_if_error(600).load_timeout(Duration::from_secs(3));
    let (cache, source) = (Cache::in_memory(), Source::default());
    assert_eq!(attended(&cache, &POLICY, &source).await, 1);
    time::advance(Duration::from_secs(61)).await;
    source.hangs(true);
    let began = Instant::now();
    assert_eq!(answered(attended(&cache, &POLICY, &source)).await, 1);
    assert_eq!((began.elapsed().as_secs(), source.dropped()), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_its_load_timeout_is_returned_and_not_stored() {
    const POLICY: Policy = Policy::ttl(60).load_timeout(Duration::from_secs(5));
    let (cache, loads) = (Cache::in_memory(), AtomicU64::new(0));
    for (takes, stored) in [(4, true), (6, false)] {
        let load = async || {
            time::sleep(Duration::from_secs(takes)).await;
            Some(loads.fetch_add(1, Ordering::Relaxed))
        };
        cache.invalidate("row:1").await;
        let first = cache.get_or_load("row:1", &POLICY, load).await;
        let again = cache.get_or_load("row:1", &POLICY, load).await;
        assert_eq!(first == again, stored, "after {takes} s");
    }
}

/// A stream polls its futures only while somebody waits for its next item.
#[tokio::test(start_paused = true)]
async fn a_leader_that_nobody_polls_is_taken_over_from() {
    const PRICE: Policy = Policy::ttl(60);
    for lock in [false, true] {
        let policy = if lock { PRICE.lock() } else { PRICE };
        let (cache, loads) = (Cache::in_memory(), AtomicU64::new(0));
        let price = |item: u64| {
            let (cache, loads) = (&cache, &loads);
            async move {
                let load = async || {
                    loads.fetch_add(1, Ordering::Relaxed);
                    time::sleep(Duration::from_millis(10 * item)).await;
                    Some(item)
                };
                cache.get_or_load(&format!("price:{item}"), &policy, load).await
            }
        };
        let (mut prices, mut sum) = (stream::iter([1, 2, 3, 4]).map(price).buffered(2), 0);
        answered(async {
            while let Some(one) = prices.next().await {
                // The stream holds this one, and has begun it.
                sum += one.unwrap_or(0) + price(2).await.unwrap_or(0);
            }
        })
        .await;
        assert_eq!(sum, 10 + 4 * 2);
        assert_eq!(loads.load(Ordering::Relaxed), 5, "each once, and once by who took over");
    }
}

/// A failed load's followers try a few at a time. Those few may hang.
#[tokio::test(start_paused = true)]
async fn who_waits_to_try_after_a_failure_does_not_wait_for_those_that_hang() {
    const POLICY: Policy = Policy::ttl(60);
    let (cache, tries) = (Cache::in_memory(), AtomicU64::new(0));
    let calls = (0..20).map(|_| {
        timeout(LONG, async {
            let load = async || {
                let number = tries.fetch_add(1, Ordering::Relaxed);
                time::sleep(Duration::from_millis(1)).await;
                match number {
                    0 => Err("no database"),
                    1..=4 => pending().await,
                    _ => Ok(number),
                }
            };
            cache.get_or_load("row:1", &POLICY, load).await
        })
    });
    let rows = join_all(calls).await;
    let failed = rows.iter().flatten().filter(|row| row.is_err()).count();
    let loaded = rows.iter().flatten().filter(|row| row.is_ok()).count();
    assert_eq!((failed, loaded), (1, 15), "{rows:?}");
}

const NODES: Policy = Policy::ttl(60).lock();

/// Rows that are loaded together; that of node 1 asks for a summary, which asks for node 3.
async fn nodes(
    cache: Cache,
    ids: Vec<u64>,
    single: bool,
    loads: Arc<AtomicU64>,
) -> HashMap<u64, u64> {
    let load = async |missing: Vec<u64>| {
        loads.fetch_add(1, Ordering::Relaxed);
        time::sleep(Duration::from_millis(5)).await;
        let mut rows = HashMap::new();
        for id in missing {
            let more = match id {
                1 => summary(cache.clone(), single, loads.clone()).await,
                _ => 0,
            };
            rows.insert(id, id + more);
        }
        rows
    };
    let key = |id: &u64| format!("node:{id}");
    cache.get_or_load_many(&ids, key, &NODES, load).await
}

async fn node(cache: &Cache, id: u64) -> u64 {
    let load = async || Some(id);
    cache.get_or_load(&format!("node:{id}"), &NODES, load).await.unwrap_or(0)
}

async fn summary(cache: Cache, single: bool, loads: Arc<AtomicU64>) -> u64 {
    let load = async || {
        // The batch holds its leases by now, and waits for this.
        time::sleep(Duration::from_millis(50)).await;
        Some(match single {
            true => node(&cache, 3).await,
            false => Box::pin(nodes(cache.clone(), vec![3], single, loads)).await[&3],
        })
    };
    cache.get_or_load("summary:9", &NODES, load).await.unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_call_within_a_load_does_not_wait_for_the_lease_of_a_batch() {
    for (single, outsider) in [(false, false), (true, false), (true, true)] {
        let (cache, loads) = (Cache::in_memory(), Arc::new(AtomicU64::new(0)));
        let began = Instant::now();
        let (all, sum, third) = answered(async {
            tokio::join!(
                nodes(cache.clone(), vec![1, 2, 3], single, loads.clone()),
                summary(cache.clone(), single, loads.clone()),
                // One that is in no load waits for the batch, and the call within the load would wait behind it.
                async {
                    time::sleep(Duration::from_millis(20)).await;
                    if outsider { node(&cache, 3).await } else { 3 }
                },
            )
        })
        .await;
        assert_eq!((all[&1], all[&2], all[&3], sum, third), (4, 2, 3, 3, 3));
        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(1), "{waited:?} ({single}, {outsider})");
    }
}
