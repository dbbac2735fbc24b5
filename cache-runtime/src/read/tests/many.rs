//! Batches on a paused clock: what ends when, what outlasts what, and what is served although it has ended.

mod expired;
mod loads;
mod renewed;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{self, Instant};

use super::{pass, settle};
use crate::{
    Cache, codec,
    encoding::Encoding,
    entry::Entry,
    policy::Policy,
    protocol::{Reply, State, Step},
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

/// What is under a key. The embedded store's hot path tells values alone.
async fn state(cache: &Cache, key: &str) -> State<Entry> {
    let guard = cache.inner.guard.as_ref().expect("it is not disabled");
    match guard.run(key, Step::Read).await {
        Ok(Reply::Found(state)) => state,
        other => panic!("{other:?}"),
    }
}

fn counters(cache: &Cache) -> FunctionStats {
    cache.stats().function("rows").cloned().unwrap_or_default()
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
    cache.try_invalidate("#all").await.expect("memory");
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

#[tokio::test(start_paused = true)]
async fn what_can_neither_be_read_nor_replaced_is_loaded() {
    let (cache, source) = (Cache::in_memory(), Source::default());
    let guard = cache.inner.guard.as_ref().expect("it is not disabled");
    let stamp = nonce();
    let words = codec::encode("words", stamp, &Encoding::DEFAULT, codec::Meta::default());
    let step = Step::Pend { stamp, value: words.expect("JSON has strings") };
    guard.run("row:1", step).await.expect("memory");
    let call = find(&cache, &PLAIN, &source, &[1, 2]);
    let found = time::timeout(Duration::from_secs(1), call).await;
    assert_eq!(found, Ok(rows([(1, 1), (2, 1)])));
    assert_eq!(counters(&cache).undecodable, 2);
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
