//! Write-behind: what is accepted is seen at once, and reaches the database, whatever dies on the way.

mod attribute;
mod durability;
mod flushing;
mod full;
mod kills;
mod load;
mod pending;
mod poison;
mod tags;

use std::time::Duration;

use cache_runtime::{Cache, Policy, WriteBehind};
use cache_tests::table::{Row, key};

const ROWS: Policy = Policy::ttl(3600).name("rows");

/// A queue whose flusher waits for nothing but a batch, and whose leader is soon replaced.
fn queue(cache: &Cache) -> WriteBehind<Row> {
    cache
        .write_behind("rows", &ROWS)
        .linger(Duration::from_millis(1))
        .lease(Duration::from_millis(600))
}

async fn write(queue: &WriteBehind<Row>, id: u64, version: u64) {
    queue.write(key(id), &Row { id, version }).await.expect("there is room");
}

async fn cached(cache: &Cache, id: u64) -> Option<u64> {
    let row: Option<Row> = cache.get(key(id)).await.expect("the store is there");
    row.map(|row| row.version)
}
