//! Rows that have expired or are about to: served while one load in the background renews all of those that are due,
//! once in the fleet, and never after a write.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, FunctionStats, Policy, cached};
use cache_tests::{
    herd::Herd,
    patience::eventually,
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};
use tokio::time::sleep;

use super::{Table, rows};

/// For how long the first values are fresh. Those that come after them last, so that a slow machine does not see them expire.
const TTL: Duration = Duration::from_millis(150);
const ROWS: Policy = Policy::ttl(3600).name("rows");
pub(super) const LENIENT: Policy = ROWS.stale_while_revalidate(3600);
const SHORT: Policy = LENIENT.with_ttl_duration(TTL);

type Answer = Result<HashMap<u64, u64>, &'static str>;

/// A table whose loads go on without their callers, by the attribute and without it, and fail when they are told to.
#[derive(Clone, Debug)]
pub(super) struct Renewed {
    pub(super) table: Table,
    fails: Arc<AtomicBool>,
}

impl Renewed {
    pub(super) fn new(cache: &Cache, source: Arc<Source>) -> Renewed {
        Renewed { table: Table::new(cache, source), fails: Arc::default() }
    }

    pub(super) async fn query(self, ids: Vec<u64>) -> Answer {
        let rows = self.table.query(ids).await;
        if self.fails.load(Ordering::SeqCst) { Err("the source fails") } else { Ok(rows) }
    }

    pub(super) async fn find(&self, policy: &Policy, ids: &[u64]) -> Answer {
        let me = self.clone();
        let (key, load) = (|id: &u64| format!("row:{id}"), |ids| me.query(ids));
        self.table.cache.get_or_load_many_owned(ids, key, policy, load).await
    }

    #[cached(key = "row:<ids>", each = ids, policy = LENIENT, background, cache = self.table.cache)]
    async fn annotated(&self, ids: &[u64]) -> Answer {
        self.clone().query(ids.to_vec()).await
    }

    fn counters(&self) -> FunctionStats {
        self.table.counters()
    }

    /// What each query has asked for, in some order.
    pub(super) fn asked(&self) -> Vec<Vec<u64>> {
        let mut asked = self.table.asked().clone();
        asked.iter_mut().for_each(|ids| ids.sort_unstable());
        asked
    }

    /// Has the rows in the store, from the first query, and expired.
    pub(super) async fn expired(&self, policy: &Policy, ids: &[u64]) {
        self.table.source.answer(1);
        let short = policy.with_ttl_duration(TTL);
        self.find(&short, ids).await.expect("it is loaded");
        // A real duration is the subject.
        sleep(TTL).await;
    }
}

#[tokio::test]
async fn expired_rows_are_served_at_once_and_renewed_by_one_query() {
    on_each_store(async |cache| {
        for (annotated, ids) in [(true, [1, 2, 3]), (false, [4, 5, 6])] {
            let table = Renewed::new(&cache, Source::held());
            let find = async |ids: &[u64]| match annotated {
                true => table.annotated(ids).await,
                false => table.find(&LENIENT, ids).await,
            };
            let all_of = |query| Ok(ids.into_iter().map(|id| (id, query)).collect());
            let before = table.counters();
            table.expired(&LENIENT, &ids).await;
            let [a, b, c] = ids;
            assert_eq!(find(&[c, a, b, a]).await, all_of(1), "nobody waits for the source");
            table.table.source.asked(2).await;
            for _ in 0..20 {
                assert_eq!(find(&ids).await, all_of(1));
            }
            assert_eq!(table.asked(), [ids, ids], "one load for all");
            let after = table.counters();
            assert_eq!(after.loads - before.loads, 2);
            assert_eq!(after.refreshes - before.refreshes, 1);
            assert_eq!(after.stale_hits - before.stale_hits, 63);
            assert_eq!(after.misses - before.misses, 3);
            table.table.source.answer(1);
            eventually("the new rows are there", async || find(&ids).await == all_of(2)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn rows_are_renewed_ahead_of_their_end() {
    on_each_store(async |cache| {
        // A part of the ttl that is over soon: 180 ms.
        const AHEAD: Policy = Policy::ttl(3600).refresh_ahead(0.000_05).name("rows");
        let table = Renewed::new(&cache, Source::held());
        table.table.source.answer(1);
        let first = table.find(&AHEAD, &[1, 2]).await;
        eventually("a renewal begins", async || {
            assert_eq!(table.find(&AHEAD, &[2, 1]).await, first);
            table.table.source.queries() == 2
        })
        .await;
        table.table.source.answer(1);
        eventually("the new rows are there", async || {
            table.find(&AHEAD, &[1, 2]).await == Ok(rows([(1, 2), (2, 2)]))
        })
        .await;
        assert_eq!(table.asked()[..2], [[1, 2], [1, 2]]);
        assert_eq!(table.counters().stale_hits, 0);
    })
    .await;
}

#[tokio::test]
async fn a_thousand_callers_of_two_caches_elect_one_loader_for_each_row() {
    let server = RedisServer::start();
    let source = Source::held();
    let tables = [patient_cache(&server.url()).await, patient_cache(&server.url()).await]
        .map(|cache| Renewed::new(&cache, Arc::clone(&source)));
    tables[0].expired(&LENIENT, &[1, 2, 3, 4]).await;
    for ids in [&[1, 2][..], &[2, 3], &[3, 4, 1]] {
        for table in &tables {
            let herd = Herd::of(100, || {
                let (table, ids) = (table.clone(), ids.to_vec());
                async move {
                    table
                        .find(&LENIENT, &ids)
                        .await
                        .expect("nobody waits")
                        .into_values()
                        .sum::<u64>()
                }
            });
            assert_eq!(herd.answers().await, vec![ids.len() as u64; 100]);
        }
    }
    let loaded = async || {
        let asked = tables.iter().flat_map(|table| table.asked()).flatten();
        asked.collect::<Vec<_>>().len()
    };
    eventually("every row is asked for", async || loaded().await == 8).await;
    source.answer_all();
    eventually("the new rows are there", async || {
        let found = tables[0].find(&LENIENT, &[1, 2, 3, 4]).await.expect("the source answers");
        found.values().all(|&query| query > 1)
    })
    .await;
    let superseded: u64 = tables.iter().map(|table| table.counters().superseded).sum();
    assert_eq!(superseded, 0, "no row was loaded twice");
}

#[tokio::test]
async fn an_invalidation_between_the_look_and_the_fill_of_a_renewal_wins() {
    on_each_store(async |cache| {
        for tag in [false, true] {
            let table = Renewed::new(&cache, Source::held());
            let find_by = async |policy: &Policy, ids: &[u64]| {
                let me = table.clone();
                let key = |id: &u64| format!("tagged:{id}");
                let load = |ids| me.query(ids);
                let tagged = cache.tagged(["all"]);
                tagged.get_or_load_many_owned(ids, key, policy, load).await
            };
            let find = async |ids: &[u64]| find_by(&LENIENT, ids).await;
            table.table.source.answer(1);
            find_by(&SHORT, &[1, 2]).await.expect("it is loaded");
            sleep(TTL).await;
            find(&[1, 2]).await.expect("it is served");
            table.table.source.asked(2).await;
            let before = table.counters().superseded;
            match tag {
                false => cache.try_invalidate("tagged:1").await.expect("the store can be told"),
                true => cache.try_invalidate_tags(["all"]).await.expect("the store can be told"),
            }
            // Whoever comes now is not served what was written over.
            let call = tokio::spawn({
                let table = table.clone();
                async move {
                    let me = table.clone();
                    let tagged = table.table.cache.tagged(["all"]);
                    let key = |id: &u64| format!("tagged:{id}");
                    tagged.get_or_load_many_owned(&[1], key, &LENIENT, |ids| me.query(ids)).await
                }
            });
            table.table.source.asked(3).await;
            table.table.source.answer_all();
            assert_eq!(call.await.expect("it does not panic"), Ok(rows([(1, 3)])));
            eventually("the renewal is over", async || table.counters().superseded > before).await;
            assert_eq!(find(&[1]).await, Ok(rows([(1, 3)])));
            // With the tag, the other row is gone, too, and was not renewed by a load from before.
            let other = find(&[2]).await.expect("the source answers")[&2];
            assert_eq!((other > 3, other == 2), (tag, !tag), "of query {other}");
            cache.try_invalidate_tags(["all"]).await.expect("the store can be told");
        }
    })
    .await;
}

#[tokio::test]
async fn a_failing_source_is_left_alone_for_a_while() {
    on_each_store(async |cache| {
        let table = Renewed::new(&cache, Source::held());
        table.expired(&LENIENT, &[1, 2]).await;
        table.table.source.answer_all();
        table.fails.store(true, Ordering::SeqCst);
        let began = tokio::time::Instant::now();
        eventually("a renewal has failed", async || {
            assert_eq!(table.find(&LENIENT, &[1, 2]).await, Ok(rows([(1, 1), (2, 1)])));
            table.counters().load_failures > 0
        })
        .await;
        for _ in 0..100 {
            assert_eq!(table.find(&LENIENT, &[1, 2]).await, Ok(rows([(1, 1), (2, 1)])));
        }
        // The pause is a second: on a machine that stands still for so long, a second try is right.
        let tries = 3 + began.elapsed().as_secs();
        let queries = table.table.source.queries();
        assert!(queries <= tries, "{queries} tries of at most {tries}");
        table.fails.store(false, Ordering::SeqCst);
        eventually("the source is asked again", async || {
            let found = table.find(&LENIENT, &[1, 2]).await.expect("they are served");
            found[&1] > 1 && found[&2] > 1
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_renewal_that_panics_is_tried_again() {
    on_each_store(async |cache| {
        let source = Source::open();
        let find = async |policy: &Policy| {
            let source = Arc::clone(&source);
            let load = |ids: Vec<u64>| async move {
                let query = source.query().await;
                assert!(query != 2, "the renewal panics, as the test wants it");
                ids.into_iter().map(|id| (id, query)).collect()
            };
            let key = |id: &u64| format!("row:{id}");
            let found: HashMap<u64, u64> =
                cache.get_or_load_many_owned(&[1, 2], key, policy, load).await;
            found
        };
        assert_eq!(find(&SHORT).await, rows([(1, 1), (2, 1)]));
        sleep(TTL).await;
        eventually("another renewal has succeeded", async || {
            find(&LENIENT).await == rows([(1, 3), (2, 3)])
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_slow_source_is_waited_for_no_longer_than_asked_and_its_load_goes_on() {
    on_each_store(async |cache| {
        const POLICY: Policy =
            ROWS.stale_if_error(3600).soft_timeout(Duration::from_millis(20)).lock();
        let table = Renewed::new(&cache, Source::held());
        table.expired(&POLICY, &[1, 2]).await;
        let herd = Herd::of(50, || {
            let table = table.clone();
            async move { table.find(&POLICY, &[1, 2]).await }
        });
        assert_eq!(herd.answers().await, vec![Ok(rows([(1, 1), (2, 1)])); 50]);
        assert_eq!(table.table.source.queries(), 2, "one load for all");
        assert_eq!(table.counters().stale_hits, 100);
        table.table.source.answer(1);
        eventually("the load has gone on", async || cache.get::<u64>("row:2").await == Ok(Some(2)))
            .await;
        // A row that nobody has a value of is waited for.
        table.table.source.answer_all();
        let found = table.find(&POLICY, &[1, 2, 3]).await.expect("the source answers");
        assert!(found[&3] > 2);
    })
    .await;
}
