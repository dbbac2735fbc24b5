//! An outbox in memory, whose follower is counted.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use cache_runtime::{
    Cache,
    outbox::{Backlog, Change, Outbox, Taken},
};
use cache_tests::patience::eventually;

/// Stands for a table, of a database that is away at first.
struct Table {
    rows: Mutex<Vec<Change>>,
    away: AtomicBool,
}

impl Outbox for Table {
    type Receipt = ();
    type Error = &'static str;

    async fn take(&self, most: usize) -> Result<Taken<()>, &'static str> {
        if self.away.swap(false, Ordering::SeqCst) {
            return Err("the database is away");
        }
        let mut rows = self.rows.lock().unwrap();
        let most = most.min(rows.len());
        Ok(Taken { changes: rows.drain(..most).collect(), receipt: () })
    }

    async fn finish(&self, (): (), confirmed: &[bool]) -> Result<(), &'static str> {
        assert!(confirmed.iter().all(|confirmed| *confirmed), "the server is there");
        Ok(())
    }

    async fn arrival(&self) -> Result<(), &'static str> {
        std::future::pending().await
    }

    async fn backlog(&self) -> Result<Backlog, &'static str> {
        let changes = self.rows.lock().unwrap().len() as u64;
        Ok(Backlog { changes, oldest: Duration::from_secs(changes) })
    }
}

/// Three changes, whose follower fails once before it takes them. It measures the backlog once.
pub(crate) async fn followed(cache: &Cache) {
    let changes = [Change::key("user:", "7"), Change::key("user:", "8"), Change::tag("t:", "7")];
    let table = Table { rows: Mutex::new(changes.into()), away: AtomicBool::new(true) };
    let follower = cache.follow("users", table);
    eventually("all changes are invalidated", async || cache.stats().outboxes[0].invalidated == 3)
        .await;
    follower.shutdown().await;
    let row = &cache.stats().outboxes[0];
    assert_eq!((&*row.name, row.failures, row.lag.count), ("users", 1, 3));
}
