//! Batches whose entries carry tags.

use std::collections::HashMap;

use cache_runtime::{Cache, cached};
use cache_tests::{
    herd::{self, Herd},
    server::RedisServer,
    source::Source,
    stores::on_each_store,
};

use super::{LOCKED, PLAIN, Table, rows};

#[cached(
    key = "row:<ids>",
    each = ids,
    ttl = 60,
    tags = ["tenant:<tenant>", "everything"],
    when = when,
    name = "tagged",
    cache = table.cache,
    skip(table, tenant, when)
)]
async fn tagged(table: &Table, tenant: u64, ids: &[u64], when: bool) -> HashMap<u64, u64> {
    table.query(ids.to_vec()).await
}

#[tokio::test]
async fn entries_are_good_while_their_tags_stand() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        let mut query = 1;
        assert_eq!(tagged(&table, 7, &[1, 2], true).await, rows([(1, 1), (2, 1)]));
        for tag in ["#tag:tenant:7", "#tag:everything"] {
            assert_eq!(tagged(&table, 7, &[1, 2], true).await, rows([(1, query), (2, query)]));
            cache.try_invalidate(tag).await.expect("the store is there");
            query += 1;
            let anew = rows([(1, query), (2, query), (3, query)]);
            assert_eq!(tagged(&table, 7, &[1, 2, 3], true).await, anew);
        }
        cache.try_invalidate("#tag:tenant:8").await.expect("the store is there");
        assert_eq!(tagged(&table, 7, &[1], true).await, rows([(1, query)]), "another's tag");
        assert_eq!(tagged(&table, 7, &[1], false).await, rows([(1, query + 1)]), "past the cache");
        assert_eq!(herd::counters(&cache, "tagged").bypassed, 1);
    })
    .await;
}

#[tokio::test]
async fn under_a_fenced_tag_rows_are_loaded_and_not_stored() {
    on_each_store(async |cache| {
        let table = Table::open(&cache);
        tagged(&table, 7, &[1], true).await;
        let fence = cache.fence(["#tag:everything"]).await;
        assert_eq!(tagged(&table, 7, &[1, 2], true).await, rows([(1, 2), (2, 2)]));
        assert_eq!(tagged(&table, 7, &[1, 2], true).await, rows([(1, 3), (2, 3)]));
        fence.try_settle().await.expect("the store is there");
        assert_eq!(tagged(&table, 7, &[1, 2], true).await, rows([(1, 4), (2, 4)]));
        assert_eq!(tagged(&table, 7, &[1, 2], true).await, rows([(1, 4), (2, 4)]), "stored again");
    })
    .await;
}

#[tokio::test]
async fn under_a_fenced_tag_nobody_waits_for_what_will_not_be_stored() {
    let builder = Cache::builder().namespace("shop");
    let cache = builder.build().await.expect("the embedded store has no URL");
    let table = Table::new(&cache, Source::held());
    let fence = cache.fence(["#all"]).await;
    let herd = Herd::of(2, || {
        let table = table.clone();
        async move { table.find(&LOCKED, &[1, 2]).await }
    });
    table.source.asked(2).await;
    table.source.answer_all();
    assert_eq!(herd.answers().await.len(), 2);
    fence.try_settle().await.expect("the store is there");
    assert_eq!(table.counters().lock_waits, 0);
}

#[tokio::test]
async fn a_tag_that_falls_during_the_load_takes_the_rows_with_it() {
    on_each_store(async |cache| {
        let table = Table::new(&cache, Source::held());
        let load = {
            let table = table.clone();
            tokio::spawn(async move { tagged(&table, 7, &[1, 2], true).await })
        };
        table.source.asked(1).await;
        cache.try_invalidate("#tag:tenant:7").await.expect("the store is there");
        table.source.answer_all();
        assert_eq!(load.await.expect("it does not panic"), rows([(1, 1), (2, 1)]));
        assert_eq!(tagged(&table, 7, &[1, 2], true).await, rows([(1, 2), (2, 2)]));
    })
    .await;
}

#[tokio::test]
async fn a_namespace_frames_the_keys_and_its_tag_empties_it() {
    let server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).namespace("shop").build().await;
    let table = Table::open(&cache.expect("the URL is right"));
    assert_eq!(table.find(&PLAIN.version(2), &[1]).await, rows([(1, 1)]));
    assert_eq!(table.find(&PLAIN.version(2), &[1]).await, rows([(1, 1)]));
    assert_eq!(server.command(&["EXISTS", "shop:row:1:v2"]).trim(), ":1");
    assert_eq!(server.command(&["DEL", "shop:#all"]).trim(), ":1");
    assert_eq!(table.find(&PLAIN.version(2), &[1]).await, rows([(1, 2)]));
}
