//! Tags: one write ends every entry that depends on a tenant, however many there are, in one round trip.

use std::error::Error;

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{CacheKey, cached, invalidates};

/// What everything carries that depends on a tenant.
#[derive(CacheKey)]
#[cache_key("tenant:<tenant>")]
struct TenantTag {
    tenant: u64,
}

struct Users {
    table: Table,
}

impl Users {
    #[cached(key = "user:<tenant>:<id>", tags = ["tenant:<tenant>"], ttl = 3600, negative_ttl = 60)]
    async fn find(&self, tenant: u64, id: u64) -> Result<Option<User>, Away> {
        Ok(self.table.select(id).await?.filter(|user| user.tenant == tenant))
    }

    /// Only the row says whose user it is.
    #[cached(key = "anyone:<id>", tags = |user: &User| [TenantTag { tenant: user.tenant }], ttl = 3600)]
    async fn find_anywhere(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
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

    // The first one under a tag that nobody has asked for is not stored; here, counts have asked for the tenant's.
    let mut name = String::new();
    for _ in 0..100 {
        name = users.find_anywhere(101).await?.ok_or("user 101 is there")?.name;
    }
    users.import(1, &[User { id: 101, tenant: 1, name: "Bob".into() }]).await?;
    let renamed = users.find_anywhere(101).await?.ok_or("user 101 is there")?.name;
    println!("user 101 was {name}, and is {renamed}: its row names the tenant");

    cache.flush_namespace().await;
    println!("all is flushed, at once");
    println!("tenant 0: {} queries", users.read_all(0).await?);
    Ok(())
}
