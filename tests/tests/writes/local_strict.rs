//! Local copies in strict mode: no hit is behind a write, where the fence of that write is lost, or was never raised.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Cache, cached, invalidates};
use cache_tests::{
    half_open::Way, herd::counters, patience::eventually, server::RedisServer, stores::built,
};

/// Copies that nobody says have changed are served for this long.
const LEASE: Duration = Duration::from_millis(600);

/// A row, and two processes: one keeps copies of it, the other one writes it.
struct Field {
    server: RedisServer,
    /// The reader's.
    way: Way,
    reader: Cache,
    writer: Cache,
    row: Arc<AtomicU64>,
}

impl Field {
    async fn new() -> Field {
        let server = RedisServer::start();
        let way = Way::to(server.port()).await;
        let strict = |url: &str| Cache::builder().url(url).local_strict(true).local_lease(LEASE);
        let (reader, writer) =
            (built(strict(&way.url())).await, built(strict(&server.url())).await);
        Field { server, way, reader, writer, row: Arc::default() }
    }

    #[cached(key = "row", ttl = 3600, local, cache = self.reader, name = "read")]
    async fn read(&self) -> u64 {
        self.row.load(Ordering::SeqCst)
    }

    #[invalidates("row", cache = self.writer)]
    async fn write(&self) {
        self.row.fetch_add(1, Ordering::SeqCst);
    }

    /// The reader has a copy, and does not hear any more that it changes.
    async fn has_a_copy_for_good(&self) {
        eventually("a hit is local", async || {
            let before = counters(&self.reader, "read").local_hits;
            self.read().await;
            counters(&self.reader, "read").local_hits > before
        })
        .await;
        self.way.swallow_pushes();
    }
}

#[tokio::test]
async fn a_write_whose_fence_was_lost_returns_when_no_copy_from_before_is_served() {
    let field = Field::new().await;
    let fence = field.writer.fence(["row"]).await;
    assert!(fence.stands());
    // It has been evicted, or its server has lost it.
    assert_eq!(field.server.command(&["DEL", "row"]), ":1\r\n");
    field.has_a_copy_for_good().await;
    field.row.store(1, Ordering::SeqCst);
    fence.try_settle().await.expect("the server is there");
    assert_eq!(field.read().await, 1);
}

#[tokio::test]
async fn a_write_whose_fence_stands_waits_once() {
    let field = Field::new().await;
    field.has_a_copy_for_good().await;
    let fence = field.writer.fence(["row"]).await;
    field.row.store(1, Ordering::SeqCst);
    assert_eq!(field.read().await, 1, "no body begins before");
    fence.try_settle().await.expect("the server is there");
}

#[tokio::test]
async fn a_body_begins_when_no_copy_from_a_server_that_is_gone_is_served() {
    let mut field = Field::new().await;
    field.has_a_copy_for_good().await;
    field.server.kill();
    field.write().await;
    assert_eq!(field.read().await, 1);
}
