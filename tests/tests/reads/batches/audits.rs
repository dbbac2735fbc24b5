//! Hits that are loaded all the same, with what is missing.

use std::collections::HashMap;

use cache_runtime::{FunctionStats, Policy};
use cache_tests::stores::on_each_store;

use super::{PLAIN, Table, rows};

#[tokio::test]
async fn an_audit_counts_what_the_cache_should_not_hold() {
    on_each_store(async |cache| {
        const AUDITED: Policy = PLAIN.audit(1.0);
        let table = Table::open(&cache);
        table.find(&AUDITED, &[1, 2]).await;
        // Every query gives its own number, so what is compared differs.
        assert_eq!(table.find(&AUDITED, &[1, 2, 3]).await, rows([(1, 2), (2, 2), (3, 2)]));
        assert_eq!(*table.asked(), [vec![1, 2], vec![1, 2, 3]]);
        let FunctionStats { hits, misses, loads, audits, stale_detected, .. } = table.counters();
        assert_eq!((hits, misses, loads, audits, stale_detected), (2, 3, 2, 2, 2));
        // Not where a writer has told the cache.
        let load = async |ids: Vec<u64>| {
            cache.try_invalidate("row:1").await.expect("the store can be told");
            ids.into_iter().map(|id| (id, 7)).collect::<HashMap<u64, u64>>()
        };
        cache.get_or_load_many(&[1], |id| format!("row:{id}"), &AUDITED, load).await;
        let FunctionStats { audits, stale_detected, .. } = table.counters();
        assert_eq!((audits, stale_detected), (3, 2));
    })
    .await;
}
