//! Queues that come back with the server: they hold writes that the database has already.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use cache_runtime::{Cache, Policy, Queued, WriteBehind};
use cache_tests::patience::{eventually, in_time};

use super::{BOTH, Fallen};

const POLICY: Policy = Policy::ttl(3600);

/// A table that compares the places of writes, and every value that it was told.
#[derive(Default)]
struct Table {
    rows: HashMap<u64, (i64, u64)>,
    told: Vec<u64>,
}

#[derive(Clone, Default)]
struct Database(Arc<Mutex<Table>>);

impl Database {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().expect("nobody panics here")
    }

    /// `INSERT … ON CONFLICT DO UPDATE … WHERE rows.seq < excluded.seq`.
    fn upsert(&self, batch: Vec<Queued<(u64, u64)>>) {
        let mut table = self.table();
        for Queued { seq, value: (id, value), .. } in batch {
            table.told.push(value);
            let row = table.rows.entry(id).or_default();
            *row = (*row).max((seq, value));
        }
    }

    fn value(&self, id: u64) -> u64 {
        self.table().rows.get(&id).map_or(0, |(_, value)| *value)
    }

    async fn read(&self, cache: &Cache) -> u64 {
        let load = || async { Ok::<_, std::io::Error>((7, self.value(7))) };
        cache.get_or_load("row:7", &POLICY, load).await.expect("the table is there").1
    }
}

async fn write(queue: &WriteBehind<(u64, u64)>, value: u64) {
    queue.write("row:7", &(7, value)).await.expect("the server is there");
}

/// The queue has a write again that the database has, and a later one is lost: nobody sees the older value, and it does not
/// take the row back.
#[tokio::test]
async fn a_queue_that_comes_back_takes_no_row_back() {
    for persistence in BOTH {
        let mut fallen = Fallen::start(persistence);
        let (cache, database) = (fallen.cache(None).await, Database::default());
        let queue: WriteBehind<(u64, u64)> = cache.write_behind("rows", &POLICY);
        write(&queue, 1).await;
        fallen.save();
        let flush = |database: Database| {
            move |batch: Vec<Queued<(u64, u64)>>| {
                let database = database.clone();
                async move {
                    database.upsert(batch);
                    Ok::<_, std::io::Error>(())
                }
            }
        };
        let flusher = queue.flusher(flush(database.clone()));
        in_time("the first write", queue.flushed()).await;
        write(&queue, 2).await;
        in_time("the second write", queue.flushed()).await;
        assert_eq!(database.value(7), 2);
        flusher.shutdown().await;

        fallen.fall_back();
        let later = fallen.cache(None).await;
        for cache in [&cache, &later] {
            eventually("the server is used again", async || {
                cache.get::<u64>("nothing").await.is_ok()
            })
            .await;
            assert_eq!(queue.len().await, Ok(1), "{persistence:?}: it holds the first write again");
            assert_eq!(
                database.read(cache).await,
                2,
                "{persistence:?}: the row, and not the queue"
            );
        }

        let flusher = queue.flusher(flush(database.clone()));
        in_time("the first write, again", queue.flushed()).await;
        assert_eq!(database.table().told, [1, 2, 1], "{persistence:?}");
        for cache in [&cache, &later] {
            assert_eq!(database.read(cache).await, 2, "{persistence:?}: the table compares");
        }
        // The queue goes on, and its places with it.
        write(&queue, 3).await;
        assert_eq!(database.read(&later).await, 3);
        in_time("the third write", queue.flushed()).await;
        assert_eq!(database.value(7), 3, "{persistence:?}");
        flusher.shutdown().await;
    }
}

/// A leader that goes on while its server falls back is deposed, and begins again with all that is unfinished.
#[tokio::test]
async fn a_leader_begins_again_when_its_server_falls_back() {
    for persistence in BOTH {
        let mut fallen = Fallen::start(persistence);
        let (cache, database) = (fallen.cache(None).await, Database::default());
        let queue: WriteBehind<(u64, u64)> = cache.write_behind("rows", &POLICY);
        let flushed = database.clone();
        let flusher = queue.flusher(move |batch: Vec<Queued<(u64, u64)>>| {
            let flushed = flushed.clone();
            async move {
                flushed.upsert(batch);
                Ok::<_, std::io::Error>(())
            }
        });
        for value in 1..=3 {
            write(&queue, value).await;
            in_time("a write", queue.flushed()).await;
        }
        fallen.save();
        write(&queue, 4).await;
        in_time("the last write", queue.flushed()).await;
        fallen.fall_back();
        eventually("the server is used again", async || cache.get::<u64>("nothing").await.is_ok())
            .await;
        assert_eq!(database.read(&cache).await, 4, "{persistence:?}");
        eventually("a write is accepted", async || queue.write("row:7", &(7, 5)).await.is_ok())
            .await;
        in_time("the new write", queue.flushed()).await;
        assert_eq!(database.value(7), 5, "{persistence:?}");
        assert_eq!(database.read(&cache).await, 5, "{persistence:?}");
        flusher.shutdown().await;
    }
}
