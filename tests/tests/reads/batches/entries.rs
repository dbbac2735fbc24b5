//! Which rows are asked for, what is returned, and what is stored of it.

use std::collections::{BTreeMap, HashMap};

use cache_tests::{
    herd,
    server::RedisServer,
    stores::{on_each_store, patient_cache},
};

use super::{PLAIN, REMEMBERING, Table, rows};

#[tokio::test]
async fn a_batch_and_the_function_of_one_row_share_their_entries() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        assert_eq!(table.find_one(1).await, Some(1));
        assert_eq!(table.find(&PLAIN, &[1, 2]).await, rows([(1, 1), (2, 2)]));
        assert_eq!(table.find_one(2).await, Some(2));
        assert_eq!(table.counts(), [1, 0, 1, 1]);
        assert_eq!(herd::counters(&cache, "row").hits, 1);

        let table = Table::open(&cache);
        cache.try_put("row:3", &Some(30), 60).await.expect("the store is there");
        cache.try_put("row:4", &40, 60).await.expect("the store is there");
        assert_eq!(table.find(&PLAIN, &[3, 4]).await, rows([(3, 30), (4, 40)]));
        assert_eq!(cache.get::<u64>("row:2").await, Ok(Some(2)), "with or without an `Option`");
        assert!(table.asked().is_empty());
    })
    .await;
}

#[tokio::test]
async fn exactly_what_is_missing_is_asked_for_and_each_row_once() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        table.find(&PLAIN, &[3, 5]).await;
        let found = table.find(&PLAIN, &[9, 3, 7, 9, 5, 3, 1]).await;
        assert_eq!(found, rows([(1, 2), (3, 1), (5, 1), (7, 2), (9, 2)]));
        assert_eq!(*table.asked(), [vec![3, 5], vec![9, 7, 1]]);
        assert_eq!(table.counts(), [2, 0, 5, 2]);
        assert_eq!(table.find(&PLAIN, &[9, 3, 7, 9, 5, 3, 1]).await, found);
        assert_eq!(table.counts(), [7, 0, 5, 2]);
    })
    .await;
}

#[tokio::test]
async fn lists_are_in_the_order_of_the_ids() {
    on_each_store(async |cache| {
        let list = async |ids: &[u64]| -> Result<Vec<(u64, String)>, &str> {
            let load = async |mut ids: Vec<u64>| {
                ids.sort_unstable();
                Ok(ids.into_iter().map(|id| (id, format!("loaded {id}"))).collect())
            };
            cache.get_or_load_many(ids, |id| format!("row:{id}"), &PLAIN, load).await
        };
        let loaded = |id: u64| (id, format!("loaded {id}"));
        assert_eq!(list(&[2, 1]).await, Ok(vec![loaded(2), loaded(1)]));
        cache.try_put("row:1", "put 1", 60).await.expect("the store is there");
        let mixed = list(&[3, 1, 3, 2, 1, 4]).await;
        assert_eq!(mixed, Ok(vec![loaded(3), (1, "put 1".to_owned()), loaded(2), loaded(4)]));
    })
    .await;
}

#[tokio::test]
async fn a_list_may_have_gaps() {
    on_each_store(async |cache| {
        let list = async |loaded: Vec<(u64, u64)>| -> Vec<(u64, u64)> {
            let key = |id: &u64| format!("row:{id}");
            cache.get_or_load_many(&[1, 2], key, &PLAIN, async |_| loaded).await
        };
        assert_eq!(list(vec![(1, 10)]).await, [(1, 10)]);
        assert_eq!(list(vec![(2, 20)]).await, [(1, 10), (2, 20)], "a gap is not remembered");
    })
    .await;
}

#[tokio::test]
async fn without_ids_nothing_is_asked() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        assert_eq!(table.find(&PLAIN, &[]).await, rows([]));
        let load =
            async |_| -> Result<Vec<(u64, u64)>, String> { panic!("there is nothing to load") };
        let none =
            cache.get_or_load_many(&[0_u64; 0], |id| format!("row:{id}"), &PLAIN, load).await;
        assert_eq!(none, Ok(vec![]));
        assert!(table.asked().is_empty());
        assert_eq!(table.counts(), [0; 4]);
    })
    .await;
}

#[tokio::test]
async fn rows_that_are_not_there_are_remembered_where_that_is_wanted() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        assert_eq!(table.find(&PLAIN, &[100, 1]).await, rows([(1, 1)]));
        assert_eq!(table.find(&PLAIN, &[100, 1]).await, rows([(1, 1)]));
        assert_eq!(*table.asked(), [vec![100, 1], vec![100]], "it is not remembered");
        assert_eq!(table.find(&REMEMBERING, &[200, 1]).await, rows([(1, 1)]));
        assert_eq!(table.find(&REMEMBERING, &[200, 1]).await, rows([(1, 1)]));
        assert_eq!(table.asked().len(), 3);
        assert_eq!(table.counts(), [3, 1, 4, 3]);
        assert_eq!(table.find_one(200).await, None);
        assert_eq!(herd::counters(&cache, "row").negative_hits, 1);
    })
    .await;
}

#[tokio::test]
async fn rows_that_nobody_asked_for_are_returned_and_not_stored() {
    on_each_store(async |cache| {
        let load = async |_| BTreeMap::from([(1, 10), (3, 30)]);
        let key = |id: &u64| format!("row:{id}");
        let found = cache.get_or_load_many(&[1, 2], key, &REMEMBERING, load).await;
        assert_eq!(found, BTreeMap::from([(1, 10), (3, 30)]));
        assert_eq!(cache.get::<u64>("row:3").await, Ok(None));
        assert_eq!(herd::counters(&cache, "rows").unmatched, 1);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_loaded_and_replaced() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let table = Table::open(&cache);
    cache.try_put("row:1", "no number", 60).await.expect("the store is there");
    server.command(&["SET", "row:2", "by another program"]);
    server.command(&["LPUSH", "row:3", "a list"]);
    assert_eq!(table.find(&PLAIN, &[1, 2, 3, 4]).await, rows([1, 2, 3, 4].map(|id| (id, 1))));
    assert_eq!(table.counters().undecodable, 3);
    assert_eq!(table.find(&PLAIN, &[1, 2, 3, 4]).await, rows([1, 2, 3, 4].map(|id| (id, 1))));
    assert_eq!(table.counts(), [4, 0, 4, 1]);
}

#[tokio::test]
async fn a_value_that_cannot_be_written_keeps_no_other_from_being_stored() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        let load = async |ids: Vec<u64>| -> HashMap<u64, f64> {
            table.query(ids).await;
            HashMap::from([(1, f64::NAN), (2, 2.0)])
        };
        for _ in 0..2 {
            let key = |id: &u64| format!("row:{id}");
            let found = cache.get_or_load_many(&[1, 2], key, &PLAIN, load).await;
            assert!(found[&1].is_nan());
            assert_eq!(found[&2], 2.0);
        }
        assert_eq!(*table.asked(), [vec![1, 2], vec![1]]);
        assert_eq!(table.counters().unencodable, 2);
    })
    .await;
}

#[tokio::test]
async fn very_many_rows_are_read_and_stored_in_parts() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        let ids: Vec<u64> = (1..=12_345).collect();
        table.find(&PLAIN, &ids[..11_000]).await;
        let found = table.find(&REMEMBERING, &ids).await;
        assert_eq!(found.len(), 12_345 - 123);
        // 110 of the first 11,000 are not there.
        assert_eq!(table.asked()[1].len(), 1_345 + 110);
        assert_eq!(table.find(&PLAIN, &ids).await, found);
        assert_eq!(table.asked().len(), 2);
    })
    .await;
}
