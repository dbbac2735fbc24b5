//! Tags: one write ends every entry that depends on a tenant, however many there are, in one round trip.

use std::error::Error;

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{cached, invalidates};

struct Users {
    table: Table,
}

impl Users {
    #[cached(key = "user:<tenant>:<id>", tags = ["tenant:<tenant>"], ttl = 3600, negative_ttl = 60)]
    async fn find(&self, tenant: u64, id: u64) -> Result<Option<User>, Away> {
        Ok(self.table.select(id).await?.filter(|user| user.tenant == tenant))
    }

    #[cached(key = "user-count:<tenant>", tags = ["tenant:<tenant>"], ttl = 3600)]
    async fn count(&self, tenant: u64) -> Result<usize, Away> {
        self.table.count(tenant).await
    }

    /// It knows the tenant, and none of the keys.
    #[invalidates(tags("tenant:<tenant>"))]
    async fn import(&self, tenant: u64, users: &[User]) -> Result<(), Away> {
        self.table.upsert(users).await
    }
}

impl Users {
    /// Reads all that is known of a tenant, and tells how many queries that took.
    async fn read_all(&self, tenant: u64) -> Result<u64, Away> {
        let before = self.table.queries();
        for id in 1..=100 {
            self.find(tenant, id).await?;
        }
        self.count(tenant).await?;
        Ok(self.table.queries() - before)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("tags").await?;
    cache_runtime::set_global(cache.clone())?;
    let users = Users { table: Table::of(100, 2) };

    for tenant in [0, 1] {
        println!("tenant {tenant}, cold: {} queries", users.read_all(tenant).await?);
    }
    for tenant in [0, 1] {
        println!("tenant {tenant}, warm: {} queries", users.read_all(tenant).await?);
    }
    users.import(1, &[User { id: 101, tenant: 1, name: "Ann".into() }]).await?;
    println!("an import for tenant 1");
    for tenant in [0, 1] {
        println!("tenant {tenant}: {} queries", users.read_all(tenant).await?);
    }
    println!("tenant 1 has {} users now", users.count(1).await?);

    cache.flush_namespace().await;
    println!("all is flushed, at once");
    println!("tenant 0: {} queries", users.read_all(0).await?);
    Ok(())
}
