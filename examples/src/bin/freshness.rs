//! Freshness: expired values that are served while one caller renews them, or while the database is away.

use std::{error::Error, time::Duration};

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{cached, invalidates};
use tokio::time::{Instant, sleep};

/// A load may go on when its caller has its answer, so it owns what it needs.
#[derive(Clone)]
struct Users {
    table: Table,
}

impl Users {
    #[cached(
        key = "user:<id>",
        ttl = "100ms",
        jitter = 0.1,
        stale_while_revalidate = "1s",
        stale_if_error = "1h",
        soft_timeout = "1ms"
    )]
    async fn find(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    #[invalidates(user)]
    async fn update(&self, user: &User) -> Result<(), Away> {
        self.table.upsert(std::slice::from_ref(user)).await
    }
}

/// Reads the user for a while, again and again, and tells what was the longest that a reader waited.
async fn read_for(users: &Users, time: Duration) -> Result<(u64, Duration), Away> {
    let (begun, mut reads, mut longest) = (Instant::now(), 0, Duration::ZERO);
    while begun.elapsed() < time {
        let call = Instant::now();
        users.find(42).await?;
        longest = longest.max(call.elapsed());
        reads += 1;
        sleep(Duration::from_micros(200)).await;
    }
    Ok((reads, longest))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("freshness").await?;
    cache_runtime::set_global(cache.clone())?;
    let users = Users { table: Table::of(100, 1) };
    users.find(42).await?;

    let (reads, longest) = read_for(&users, Duration::from_secs(1)).await?;
    println!(
        "{reads} reads of a value that lives for 100 ms: {} queries of 5 ms each, longest wait {longest:.1?}",
        users.table.queries()
    );

    users.table.set_away(true);
    sleep(Duration::from_millis(1200)).await;
    println!("the database is away, and the value has expired: {:?}", users.find(42).await);
    users.table.set_away(false);

    users.update(&User { id: 42, tenant: 0, name: "Ann".into() }).await?;
    println!("a write ends what has expired as well: {:?}", users.find(42).await);
    print!("{}", cache.stats());
    Ok(())
}
