//! Faults, and ways to write while they last: no read of this process is older than the write, then or afterwards.

use std::{collections::HashMap, sync::Arc};

use cache_runtime::{Cache, cached, write_through};
use cache_tests::{
    patience::{eventually, in_time},
    rows::row,
    server::RedisServer,
    source::Source,
    stores::built,
};

use super::{over, pending, takes_no_writes, takes_writes, write};

#[cached(key = "row:<ids>", each = ids, ttl = 3600, cache = cache, skip(cache, source))]
async fn rows(cache: &Cache, source: &Source, ids: &[u64]) -> HashMap<u64, u64> {
    let query = source.query().await;
    ids.iter().map(|&id| (id, query)).collect()
}

#[cached(key = "tagged:<id>", tags = ["group"], lock, ttl = 3600, cache = cache, skip(cache, source))]
async fn tagged(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

#[cached(key = "stale:<id>", ttl = "20ms", stale_while_revalidate = 3600, stale_if_error = 3600,
    cache = cache, skip(cache, source))]
async fn stale(cache: &Cache, source: &Arc<Source>, id: u64) -> u64 {
    source.query().await
}

#[write_through(key = "row:<id>", ttl = 3600, invalidates("stale:<id>"), tags("group"), cache = cache)]
async fn write_value(cache: &Cache, source: &Source, id: u64) -> u64 {
    source.query().await
}

/// What a read returns, by every way there is to read row 1.
async fn read(cache: &Cache, source: &Arc<Source>) -> [u64; 5] {
    [
        row(cache, source, 1).await,
        rows(cache, source, &[1, 2]).await[&1],
        tagged(cache, source, 1).await,
        stale(cache, source, 1).await,
        cache.get("row:1").await.ok().flatten().unwrap_or(u64::MAX),
    ]
}

async fn no_read_is_older(cache: &Cache, source: &Arc<Source>, written: u64, when: &str) {
    for _ in 0..10 {
        let read = read(cache, source).await;
        assert!(read.iter().all(|&read| read >= written), "{read:?} after {written}, {when}");
    }
}

/// How a row is written. The answer is a query of the source, and what is read afterwards is not older.
#[derive(Clone, Copy, Debug)]
enum Way {
    Invalidates,
    WriteThrough,
    Fence,
    Afterwards,
    Flush,
}

const WAYS: [Way; 5] =
    [Way::Invalidates, Way::WriteThrough, Way::Fence, Way::Afterwards, Way::Flush];

impl Way {
    async fn write(self, cache: &Cache, source: &Source) -> u64 {
        match self {
            Way::Invalidates => write(cache, source, 1).await,
            Way::WriteThrough => write_value(cache, source, 1).await,
            Way::Fence => {
                let keys = cache.fence(["row:1", "stale:1"]).await;
                let tags = cache.fence_tags(["group"]).await;
                let written = source.query().await;
                _ = (keys.try_settle().await, tags.try_settle().await);
                written
            }
            Way::Afterwards => {
                let written = source.query().await;
                for key in ["row:1", "stale:1"] {
                    _ = cache.try_invalidate(key).await;
                }
                _ = cache.try_invalidate_tags(["group"]).await;
                written
            }
            Way::Flush => {
                let written = source.query().await;
                _ = cache.try_flush_namespace().await;
                written
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Hangs,
    TakesNoWrites,
    Dies,
}

impl Fault {
    fn begin(self, server: &mut RedisServer) {
        match self {
            Fault::Hangs => server.pause(),
            Fault::TakesNoWrites => takes_no_writes(server),
            Fault::Dies => server.kill(),
        }
    }

    fn end(self, server: &mut RedisServer) {
        match self {
            Fault::Hangs => server.resume(),
            Fault::TakesNoWrites => takes_writes(server),
            Fault::Dies => server.restart_durable(),
        }
    }
}

#[tokio::test]
async fn no_read_is_older_than_a_write_during_a_hang() {
    is_missed(Fault::Hangs).await;
}

#[tokio::test]
async fn no_read_is_older_than_a_write_that_the_server_refuses() {
    is_missed(Fault::TakesNoWrites).await;
}

#[tokio::test]
async fn no_read_is_older_than_a_write_while_the_server_is_dead() {
    is_missed(Fault::Dies).await;
}

/// The server keeps what it holds all the while, and what it holds is old.
async fn is_missed(fault: Fault) {
    for way in WAYS {
        for already_open in [false, true] {
            let when = format!("{fault:?}, {way:?}, open before: {already_open}");
            in_time(&when, missed_write(fault, way, already_open, &when)).await;
        }
    }
}

async fn missed_write(fault: Fault, way: Way, already_open: bool, when: &str) {
    let mut server = RedisServer::start_durable();
    let cache = built(over(&server).namespace("shop")).await;
    let source = Source::open();
    // On a machine that is busy, a deadline may be missed.
    eventually("hits before it", async || {
        let old = read(&cache, &source).await;
        read(&cache, &source).await[..3] == old[..3]
    })
    .await;
    fault.begin(&mut server);
    if already_open {
        for _ in 0..5 {
            _ = cache.get::<u64>("row:2").await;
        }
    }
    let written = way.write(&cache, &source).await;
    no_read_is_older(&cache, &source, written, when).await;
    fault.end(&mut server);
    while pending(&cache) > 0 {
        no_read_is_older(&cache, &source, written, when).await;
        tokio::task::yield_now().await;
    }
    no_read_is_older(&cache, &source, written, when).await;
    eventually("hits", async || {
        let [row, ..] = read(&cache, &source).await;
        read(&cache, &source).await[0] == row
    })
    .await;
}
