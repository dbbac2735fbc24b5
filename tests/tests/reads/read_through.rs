//! Read-through: callers ask the cache, and the cache asks the loader that it was given.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use cache_runtime::{Cache, CacheKey, CacheValue, Codec, Error, Loader, Policy, ReadThrough};
use cache_tests::{
    herd::{Herd, counters, missed},
    patience::{eventually, in_time},
    source::Source,
    stores::on_each_store,
};
use serde::{Deserialize, Serialize};

const MINUTE: Policy = Policy::ttl(60);

/// The number of this row is that of the query, and rows above a hundred are not there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, CacheKey)]
#[cache_key("row:<id>", value = Row)]
struct RowKey {
    id: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Row {
    id: u64,
    version: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Away;

struct Rows {
    source: Arc<Source>,
    /// Whether the next queries fail.
    away: Mutex<bool>,
}

impl Rows {
    fn new(source: &Arc<Source>) -> Rows {
        Rows { source: Arc::clone(source), away: Mutex::new(false) }
    }

    fn set_away(&self, away: bool) {
        *self.away.lock().expect("nobody panics") = away;
    }
}

impl Loader for Rows {
    type Key = RowKey;
    type Value = Row;
    type Error = Away;

    async fn load(&self, key: &RowKey) -> Result<Option<Row>, Away> {
        let version = self.source.query().await;
        if *self.away.lock().expect("nobody panics") {
            return Err(Away);
        }
        Ok((key.id <= 100).then_some(Row { id: key.id, version }))
    }
}

/// As [`Rows`], with one query for many rows.
struct Batches(Rows);

impl Loader for Batches {
    type Key = RowKey;
    type Value = Row;
    type Error = Away;

    async fn load(&self, key: &RowKey) -> Result<Option<Row>, Away> {
        self.0.load(key).await
    }

    async fn load_many(&self, keys: &[RowKey]) -> Result<HashMap<RowKey, Row>, Away> {
        let version = self.0.source.query().await;
        let found = keys.iter().filter(|key| key.id <= 100);
        Ok(found.map(|key| (key.clone(), Row { id: key.id, version })).collect())
    }
}

fn key(id: u64) -> RowKey {
    RowKey { id }
}

fn row(id: u64, version: u64) -> Option<Row> {
    Some(Row { id, version })
}

fn rows(cache: &Cache, policy: Policy, source: &Arc<Source>) -> ReadThrough<Rows> {
    ReadThrough::new(cache.clone(), policy, Rows::new(source))
}

#[tokio::test]
async fn a_value_is_loaded_once() {
    on_each_store(async |cache| {
        let source = Source::open();
        let rows = rows(&cache, MINUTE, &source);
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        assert_eq!(rows.clone().get(&key(1)).await, Ok(row(1, 1)));
        assert_eq!(rows.get(&key(2)).await, Ok(row(2, 2)));
        assert_eq!(cache.get(key(1)).await, Ok(row(1, 1)), "the entry is like any other");
        assert_eq!(source.queries(), 2);
        assert_eq!(counters(&cache, "read_through").hits, 2);
    })
    .await;
}

#[tokio::test]
async fn callers_share_a_load() {
    on_each_store(async |cache| {
        let source = Source::held();
        let rows = rows(&cache, MINUTE.name("shared"), &source);
        let herd = Herd::of(50, || {
            let rows = rows.clone();
            async move { rows.get(&key(1)).await }
        });
        missed(&cache, "shared", 50).await;
        source.answer_all();
        assert!(herd.answers().await.iter().all(|answer| *answer == Ok(row(1, 1))));
        assert_eq!(source.queries(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_error_reaches_the_caller_and_is_not_stored() {
    on_each_store(async |cache| {
        let source = Source::open();
        let rows = rows(&cache, MINUTE, &source);
        rows.loader().set_away(true);
        assert_eq!(rows.get(&key(1)).await, Err(Away));
        assert_eq!(rows.get_many(&[key(1), key(2)]).await, Err(Away));
        rows.loader().set_away(false);
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 3)));
    })
    .await;
}

#[tokio::test]
async fn that_there_is_none_is_remembered_where_the_policy_says_so() {
    on_each_store(async |cache| {
        for (policy, queries) in [(MINUTE, 3), (MINUTE.negative_ttl(60), 1)] {
            let source = Source::open();
            let rows = rows(&cache, policy, &source);
            rows.try_invalidate(&key(404)).await.expect("the store answers");
            for _ in 0..2 {
                assert_eq!(rows.get(&key(404)).await, Ok(None));
            }
            assert_eq!(rows.get_many(&[key(404)]).await, Ok(vec![None]));
            assert_eq!(source.queries(), queries);
        }
    })
    .await;
}

#[tokio::test]
async fn many_are_loaded_together_and_only_those_that_are_missing() {
    on_each_store(async |cache| {
        let source = Source::open();
        let batches = Batches(Rows::new(&source));
        let rows = ReadThrough::new(cache.clone(), MINUTE, batches);
        assert_eq!(rows.get(&key(2)).await, Ok(row(2, 1)));
        let keys = [key(1), key(2), key(404), key(1)];
        let expected = vec![row(1, 2), row(2, 1), None, row(1, 2)];
        assert_eq!(rows.get_many(&keys).await, Ok(expected));
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 2)), "the entries are those of `get`");
        assert_eq!(source.queries(), 2);
        assert_eq!(rows.get_many(&[]).await, Ok(Vec::new()));
        assert_eq!(source.queries(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_loader_of_single_rows_is_asked_for_one_after_the_other() {
    on_each_store(async |cache| {
        let source = Source::open();
        let rows = rows(&cache, MINUTE, &source);
        assert_eq!(rows.get(&key(2)).await, Ok(row(2, 1)));
        let many = rows.get_many(&[key(1), key(2), key(3)]).await;
        assert_eq!(many, Ok(vec![row(1, 2), row(2, 1), row(3, 3)]));
        assert_eq!(source.most_running(), 1);
    })
    .await;
}

#[tokio::test]
async fn writers_reach_the_entries_whatever_the_policy() {
    const POLICIES: [Policy; 3] = [
        MINUTE,
        MINUTE.version(2),
        MINUTE.version(3).value::<Row>().codec(Codec::Postcard).stale_if_error(60),
    ];
    on_each_store(async |cache| {
        for policy in POLICIES {
            let source = Source::open();
            let rows = rows(&cache, policy, &source);
            assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
            rows.try_put(&key(1), &Row { id: 1, version: 70 }).await.expect("it can be stored");
            assert_eq!(rows.get(&key(1)).await, Ok(row(1, 70)));
            rows.try_invalidate(&key(1)).await.expect("the store answers");
            assert_eq!(rows.get(&key(1)).await, Ok(row(1, 2)));
            let fence = rows.fence([&key(1), &key(2)]).await;
            assert_eq!(rows.get(&key(1)).await, Ok(row(1, 3)), "nothing is served during a write");
            fence.try_settle().await.expect("the store answers");
            assert_eq!(rows.get(&key(1)).await, Ok(row(1, 4)), "nor was it stored");
            assert_eq!(rows.get(&key(1)).await, Ok(row(1, 4)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_value_that_is_put_wins_over_a_load_that_began_before() {
    on_each_store(async |cache| {
        let source = Source::held();
        let rows = rows(&cache, MINUTE, &source);
        let slow = tokio::spawn({
            let rows = rows.clone();
            async move { rows.get(&key(1)).await }
        });
        source.asked(1).await;
        rows.try_put(&key(1), &Row { id: 1, version: 70 }).await.expect("it can be stored");
        source.answer_all();
        let loaded = in_time("the slow read", slow).await.expect("it answers");
        assert_eq!(loaded, Ok(row(1, 1)), "it began before");
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 70)));
    })
    .await;
}

#[tokio::test]
async fn a_value_that_is_too_large_leaves_the_key_empty() {
    on_each_store(async |cache| {
        let source = Source::open();
        let rows = rows(&cache, MINUTE.max_bytes(20), &source);
        rows.try_put(&key(1), &Row { id: 1, version: 7 }).await.expect("it can be stored");
        assert_eq!(cache.get(key(1)).await, Ok(row(1, 7)));
        rows.try_put(&key(1), &Row { id: 1, version: u64::MAX }).await.expect("it is no error");
        assert_eq!(cache.get::<Row>(key(1)).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_refresh_replaces_what_is_cached_and_serves_it_meanwhile() {
    on_each_store(async |cache| {
        let source = Source::held();
        source.answer(1);
        let rows = rows(&cache, MINUTE, &source);
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        let refresh = async { rows.refresh(&key(1)).await };
        let meanwhile = async {
            source.asked(2).await;
            let served = in_time("what is cached", rows.get(&key(1))).await;
            assert_eq!(served, Ok(row(1, 1)));
            source.answer(1);
        };
        let (refreshed, ()) =
            in_time("the refresh", async { tokio::join!(refresh, meanwhile) }).await;
        assert_eq!(refreshed, Ok(row(1, 2)));
        source.answer_all();
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 2)));
        assert_eq!(source.queries(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_stores_what_was_not_cached_and_removes_what_is_not_there_any_more() {
    on_each_store(async |cache| {
        let source = Source::open();
        let rows = rows(&cache, MINUTE, &source);
        assert_eq!(rows.refresh(&key(1)).await, Ok(row(1, 1)));
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        rows.try_put(&key(404), &Row { id: 404, version: 0 }).await.expect("it can be stored");
        assert_eq!(rows.get(&key(404)).await, Ok(row(404, 0)));
        assert_eq!(rows.refresh(&key(404)).await, Ok(None));
        assert_eq!(cache.get::<Row>(key(404)).await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_what_is_cached() {
    on_each_store(async |cache| {
        let source = Source::open();
        let rows = rows(&cache, MINUTE, &source);
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        rows.loader().set_away(true);
        assert_eq!(rows.refresh(&key(1)).await, Err(Away));
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        // Nobody else would try again for a while; who asks for it is not kept waiting, nor left with the old value.
        rows.loader().set_away(false);
        assert_eq!(rows.refresh(&key(1)).await, Ok(row(1, 3)));
        let next = rows.get(&key(1)).await;
        assert!(next == Ok(row(1, 3)) || next == Ok(row(1, 4)), "{next:?}");
    })
    .await;
}

#[tokio::test]
async fn a_write_during_a_refresh_wins() {
    on_each_store(async |cache| {
        let source = Source::held();
        source.answer(1);
        let rows = rows(&cache, MINUTE, &source);
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        let refresh = async { rows.refresh(&key(1)).await };
        let write = async {
            source.asked(2).await;
            rows.try_invalidate(&key(1)).await.expect("the store answers");
            source.answer_all();
        };
        let (refreshed, ()) = in_time("the refresh", async { tokio::join!(refresh, write) }).await;
        assert_eq!(refreshed, Ok(row(1, 2)), "it may have seen the row from before");
        assert_eq!(cache.get::<Row>(key(1)).await, Ok(None), "so it is not cached");
    })
    .await;
}

/// A load that began before the refresh may have seen what the refresh is there to get rid of.
#[tokio::test]
async fn a_load_from_before_a_refresh_is_not_left_after_it() {
    on_each_store(async |cache| {
        for slow_is_first in [true, false] {
            let (old, new) = (Source::held(), Source::held());
            let (before, after) = (rows(&cache, MINUTE, &old), rows(&cache, MINUTE, &new));
            let slow = tokio::spawn(async move { before.get(&key(1)).await });
            old.asked(1).await;
            let refresh = tokio::spawn(async move { after.refresh(&key(1)).await });
            new.asked(1).await;
            let slow = async {
                old.answer_all();
                assert_eq!(slow.await.expect("it answers"), Ok(row(1, 1)));
            };
            let refresh = async {
                new.answer_all();
                assert_eq!(refresh.await.expect("it answers"), Ok(row(1, 1)));
            };
            if slow_is_first {
                in_time("both, the slow read first", async { (slow.await, refresh.await) }).await;
            } else {
                in_time("both, the refresh first", async { (refresh.await, slow.await) }).await;
            }
            assert_eq!(cache.get::<Row>(key(1)).await, Ok(None), "{slow_is_first}");
        }
    })
    .await;
}

#[tokio::test]
async fn values_are_renewed_in_the_background() {
    const TTL: Duration = Duration::from_millis(20);
    on_each_store(async |cache| {
        let source = Source::open();
        let policy = Policy::ttl_duration(TTL).stale_while_revalidate(3600).name("renewed");
        let rows = rows(&cache, policy, &source);
        assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
        eventually("the value is renewed", async || rows.get(&key(1)).await != Ok(row(1, 1))).await;
        let seen = counters(&cache, "renewed");
        assert_eq!(seen.misses, 1, "nobody had to wait but for the first one");
        assert!(seen.stale_hits > 0 && seen.refreshes > 0, "{seen:?}");
    })
    .await;
}

#[tokio::test]
async fn without_a_cache_the_loader_is_asked_each_time() {
    let cache = Cache::disabled();
    let source = Source::open();
    let rows = rows(&cache, MINUTE, &source);
    assert_eq!(rows.get(&key(1)).await, Ok(row(1, 1)));
    assert_eq!(rows.get_many(&[key(1)]).await, Ok(vec![row(1, 2)]));
    assert_eq!(rows.refresh(&key(1)).await, Ok(row(1, 3)));
    assert_eq!(rows.try_put(&key(1), &Row { id: 1, version: 70 }).await, Ok::<(), Error>(()));
    assert_eq!(rows.try_invalidate(&key(1)).await, Ok(()));
    assert!(rows.fence([&key(1)]).await.stands());
    assert_eq!(rows.get(&key(1)).await, Ok(row(1, 4)));
}
