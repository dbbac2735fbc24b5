//! Batches of a loader that a cache was given once.

use std::collections::HashMap;

use cache_runtime::{CacheKey, Loader, ReadThrough};
use cache_tests::{patience::eventually, source::Source, stores::on_each_store};

use super::renewals::{LENIENT, Renewed};

/// A loader of many rows.
struct Rows(Renewed);

#[derive(Clone, PartialEq, Eq, Hash, CacheKey)]
#[cache_key("row:<id>")]
struct RowKey {
    id: u64,
}

impl Loader for Rows {
    type Key = RowKey;
    type Value = u64;
    type Error = &'static str;

    async fn load(&self, key: &RowKey) -> Result<Option<u64>, &'static str> {
        Ok(self.0.clone().query(vec![key.id]).await?.remove(&key.id))
    }

    async fn load_many(&self, keys: &[RowKey]) -> Result<HashMap<RowKey, u64>, &'static str> {
        let ids = keys.iter().map(|key| key.id).collect();
        let found = self.0.clone().query(ids).await?;
        Ok(found.into_iter().map(|(id, row)| (RowKey { id }, row)).collect())
    }
}

#[tokio::test]
async fn a_loader_that_is_given_once_renews_many_in_the_background() {
    on_each_store(async |cache| {
        let table = Renewed::new(&cache, Source::held());
        let all = ReadThrough::new(cache.clone(), LENIENT, Rows(table.clone()));
        table.expired(&LENIENT, &[1, 2]).await;
        let keys = [2, 1].map(|id| RowKey { id });
        assert_eq!(all.get_many(&keys).await, Ok(vec![Some(1), Some(1)]));
        table.table.source.asked(2).await;
        // One row by itself is renewed by nobody else meanwhile.
        assert_eq!(all.get(&keys[0]).await, Ok(Some(1)));
        assert_eq!(table.asked(), [[1, 2], [1, 2]]);
        table.table.source.answer(1);
        eventually("the new rows are there", async || {
            all.get_many(&keys).await == Ok(vec![Some(2), Some(2)])
        })
        .await;
    })
    .await;
}
