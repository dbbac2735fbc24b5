//! Writes and other loads that come between: what is stored of a batch, and what is not.

use std::time::Duration;

use cache_tests::{
    patience::{eventually, in_time},
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};

use super::{LOCKED, PLAIN, Table, rows};

#[tokio::test]
async fn a_fenced_row_is_loaded_and_not_stored() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        table.find(&PLAIN, &[1, 2]).await;
        let fence = cache.fence(["row:2"]).await;
        for policy in [PLAIN, LOCKED] {
            let query = table.source.queries() + 1;
            let found = in_time("no waiting", table.find(&policy, &[1, 2, query])).await;
            assert_eq!(found, rows([(1, 1), (2, query), (query, query)]));
        }
        fence.try_settle().await.expect("the store is there");
        assert_eq!(table.find(&PLAIN, &[1, 2, 3]).await, rows([(1, 1), (2, 4), (3, 3)]));
        assert_eq!(*table.asked(), [vec![1, 2], vec![2], vec![2, 3], vec![2]]);
        assert_eq!(table.counters().superseded, 0, "nobody tried to store it");
    })
    .await;
}

#[tokio::test]
async fn a_row_that_another_call_loads_is_loaded_and_not_stored() {
    on_each_store(async |cache| {
        let one = Table::new(&cache, Source::held());
        let loading = tokio::spawn({
            let one = one.clone();
            async move { one.find_one(2).await }
        });
        one.source.asked(1).await;
        let table = Table::open(&cache);
        table.source.query().await;
        assert_eq!(table.find(&PLAIN, &[1, 2]).await, rows([(1, 2), (2, 2)]));
        one.source.answer_all();
        assert_eq!(loading.await.expect("it does not panic"), Some(1));
        let found = table.find(&PLAIN, &[1, 2]).await;
        assert_eq!(found, rows([(1, 2), (2, 1)]), "what the holder of the lease has loaded");
    })
    .await;
}

/// What can happen to a row while it is loaded.
#[derive(Clone, Copy, Debug)]
enum Write {
    Invalidated,
    Put,
    Fenced,
}

#[tokio::test]
async fn a_write_during_the_load_supersedes_exactly_its_row() {
    for write in [Write::Invalidated, Write::Put, Write::Fenced] {
        on_each_store(async |cache| {
            let table = Table::new(&cache, Source::held());
            let loading = tokio::spawn({
                let table = table.clone();
                async move { table.find(&PLAIN, &[1, 2, 3]).await }
            });
            table.source.asked(1).await;
            match write {
                Write::Invalidated => cache.try_invalidate("row:2").await,
                Write::Put => cache.try_put("row:2", &20, 60).await,
                Write::Fenced => {
                    let fence = cache.fence(["row:2"]).await;
                    fence.try_settle().await
                }
            }
            .expect("the store is there");
            table.source.answer_all();
            let found = loading.await.expect("it does not panic");
            assert_eq!(found, rows([(1, 1), (2, 1), (3, 1)]), "it began before the write");
            assert_eq!(table.counters().superseded, 1);

            let now = match write {
                Write::Put => 20,
                Write::Invalidated | Write::Fenced => 2,
            };
            assert_eq!(table.find(&PLAIN, &[1, 2, 3]).await, rows([(1, 1), (2, now), (3, 1)]));
        })
        .await;
    }
}

#[tokio::test]
async fn a_row_that_is_written_under_a_fence_meanwhile_is_not_stored_before_it_falls() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let loading = tokio::spawn({
            let table = table.clone();
            async move { table.find(&PLAIN, &[1, 2]).await }
        });
        table.source.asked(1).await;
        let fence = cache.fence(["row:2"]).await;
        table.source.answer_all();
        loading.await.expect("it does not panic");
        assert_eq!(cache.get::<u64>("row:2").await, Ok(None));
        assert_eq!(cache.get::<u64>("row:1").await, Ok(Some(1)));
        fence.try_settle().await.expect("the store is there");
        assert_eq!(cache.get::<u64>("row:2").await, Ok(None));
    })
    .await;
}

#[tokio::test]
async fn a_load_may_ask_for_its_own_rows_one_by_one() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        let load = async |ids: Vec<u64>| {
            let mut found = rows([]);
            for id in ids {
                found.extend(table.find_one_locked(id).await.map(|row| (id, row)));
            }
            found
        };
        let key = |id: &u64| format!("row:{id}");
        let call = cache.get_or_load_many(&[1, 2, 3], key, &LOCKED, load);
        let found = in_time("a load that does not wait for itself", call).await;
        assert_eq!(found, rows([(1, 1), (2, 2), (3, 3)]));
        assert_eq!(table.find(&PLAIN, &[1, 2, 3]).await, found, "the batch has stored them");
        assert_eq!(table.source.queries(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_load_of_one_row_may_ask_for_it_in_a_batch() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        let load = async || table.find(&LOCKED, &[1]).await.remove(&1);
        let call = cache.get_or_load("row:1", &LOCKED, load);
        assert_eq!(in_time("a load that does not wait for itself", call).await, Some(1));
        assert_eq!(table.find(&PLAIN, &[1]).await, rows([(1, 1)]));
        assert_eq!(table.source.queries(), 1);
    })
    .await;
}

#[tokio::test]
async fn leases_outlast_a_long_load() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let table = Table::new(&cache, Source::held());
    let short = PLAIN.lease(Duration::from_secs(1));
    let loading = tokio::spawn({
        let table = table.clone();
        async move { table.find(&short, &[1, 2]).await }
    });
    table.source.asked(1).await;
    // Each renewal is two calls of a script, three times in a life; by the eighth a life has passed.
    eventually("renewals", async || server.calls().get("pexpire").is_some_and(|&calls| calls >= 8))
        .await;
    table.source.answer_all();
    loading.await.expect("it does not panic");
    assert_eq!(table.find(&PLAIN, &[1, 2]).await, rows([(1, 1), (2, 1)]), "they are stored");
}
