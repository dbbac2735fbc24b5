//! No strategy leaves a value on the server that can be read there. Without a ring, every one of them does.

use std::collections::HashMap;

use cache_runtime::{Cache, Policy, cached, write_through};
use cache_tests::patience::in_time;

use super::{Bed, MARKER, ROWS, Row, key, row};

#[cached(key = "row:<id>", ttl = 60, lock, cache = cache, skip(cache))]
async fn find(cache: &Cache, id: u64) -> Option<Row> {
    Some(row(id))
}

#[cached(key = "row:<id>", ttl = 60, tags = ["rows"], stale_while_revalidate = 60, codec = msgpack, cache = cache, skip(cache))]
async fn find_tagged(cache: Cache, id: u64) -> Row {
    row(id)
}

#[cached(key = "row:<ids>", each = ids, ttl = 60, codec = msgpack, cache = cache, skip(cache))]
async fn find_many(cache: &Cache, ids: &[u64]) -> HashMap<u64, Row> {
    ids.iter().map(|&id| (id, row(id))).collect()
}

#[write_through(key = "row:<row.id>", ttl = 60, cache = cache)]
async fn save(cache: &Cache, row: &Row) -> Result<Row, String> {
    Ok(row.clone())
}

#[derive(Clone, Copy, Debug)]
enum Strategy {
    Cached,
    Tagged,
    Batch,
    WriteThrough,
    Put,
    PutUnderTags,
    Pending,
    Landed,
    DeadLetter,
}

const STRATEGIES: [Strategy; 9] = [
    Strategy::Cached,
    Strategy::Tagged,
    Strategy::Batch,
    Strategy::WriteThrough,
    Strategy::Put,
    Strategy::PutUnderTags,
    Strategy::Pending,
    Strategy::Landed,
    Strategy::DeadLetter,
];

impl Strategy {
    /// Leaves rows on the server, and reads what can be read of them.
    async fn run(self, cache: &Cache) {
        match self {
            Strategy::Cached => assert_eq!(find(cache, 1).await, Some(row(1))),
            Strategy::Tagged => assert_eq!(find_tagged(cache.clone(), 1).await, row(1)),
            Strategy::Batch => {
                find_many(cache, &[1, 2]).await;
                let rows = find_many(cache, &[1, 2, 3]).await;
                assert_eq!(rows, [1, 2, 3].map(|id| (id, row(id))).into());
            }
            Strategy::WriteThrough => drop(save(cache, &row(1)).await),
            Strategy::Put => cache.try_put(key(1), &row(1), 60).await.expect("it can be put"),
            Strategy::PutUnderTags => {
                let load = || async { Some(row(1)) };
                cache.tagged(["rows"]).get_or_load(key(1), &ROWS, load).await;
            }
            Strategy::Pending => write(cache, &[1]).await,
            Strategy::Landed => {
                write(cache, &[1, 2]).await;
                let rows = flush(cache, false).await;
                assert_eq!(rows, [row(1), row(2)], "the database gets what was written");
            }
            Strategy::DeadLetter => {
                write(cache, &[1, 2]).await;
                let rows = flush(cache, true).await;
                assert_eq!(rows, [row(2)]);
                let queue = cache.write_behind::<Row>("rows", &ROWS);
                let letters = queue.dead_letters(10).await.expect("the server is there");
                assert_eq!(letters.len(), 1);
                assert_eq!(letters[0].value, Ok(row(1)), "a dead letter can be read");
            }
        }
        if !matches!(self, Strategy::DeadLetter | Strategy::Tagged | Strategy::PutUnderTags) {
            assert_eq!(cache.get(key(1)).await, Ok(Some(row(1))), "{self:?}");
        }
    }
}

async fn write(cache: &Cache, ids: &[u64]) {
    let queue = cache.write_behind::<Row>("rows", &ROWS);
    for &id in ids {
        queue.write(key(id), &row(id)).await.expect("there is room");
    }
}

/// Flushes to a database that may refuse the first row, and gives what it has then.
async fn flush(cache: &Cache, refuses: bool) -> Vec<Row> {
    let (written, mut rows) = tokio::sync::mpsc::unbounded_channel();
    let queue = cache.write_behind::<Row>("rows", &Policy::ttl(600)).attempts(1);
    let flusher = queue.flusher(move |batch: Vec<Row>| {
        let written = written.clone();
        async move {
            if refuses && batch.iter().any(|row| row.id == 1) {
                return Err("it breaks a constraint");
            }
            batch.into_iter().for_each(|row| written.send(row).expect("the test looks"));
            Ok(())
        }
    });
    in_time("the flush", flusher.shutdown()).await;
    let mut all = Vec::new();
    while let Some(row) = rows.recv().await {
        all.push(row);
    }
    all
}

#[tokio::test]
async fn no_strategy_leaves_a_value_that_can_be_read_on_the_server() {
    for strategy in STRATEGIES {
        let bed = Bed::new().await;
        let sealed = bed.sealed().await;
        strategy.run(&sealed).await;
        assert!(!bed.knows(MARKER).await, "{strategy:?}");
        assert!(bed.knows("new").await, "the key's id is there, for it to be found: {strategy:?}");
        assert_eq!(sealed.stats().total().undecodable, 0, "{strategy:?}");

        let bed = Bed::new().await;
        let plain = bed.cache(None).await;
        strategy.run(&plain).await;
        assert!(bed.knows(MARKER).await, "without a ring it is seen: {strategy:?}");
    }
}

/// Two entries of one value have no bytes in common that would show that it is one.
#[tokio::test]
async fn equal_values_are_not_seen_to_be_equal() {
    let bed = Bed::new().await;
    let cache = bed.sealed().await;
    let mut payloads = std::collections::BTreeSet::new();
    for _ in 0..100 {
        cache.try_put(key(1), &row(1), 60).await.expect("it can be put");
        payloads.insert(bed.redis.get(&key(1)).await[54..54 + 16].to_vec());
    }
    assert_eq!(payloads.len(), 100);
}
