//! Batches: many rows for one look at the cache and one query, with the entries of the function of one row.

use std::{collections::HashMap, error::Error};

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{cached, invalidates};

struct Users {
    table: Table,
}

impl Users {
    #[cached(key = "user:<id>", ttl = 3600)]
    async fn find(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    /// `ids` are those that the cache has no row of.
    #[cached(key = "user:<ids>", each = ids, ttl = 3600)]
    async fn find_many(&self, ids: &[u64]) -> Result<HashMap<u64, User>, Away> {
        println!("  the query asks for {} rows", ids.len());
        self.table.select_many(ids).await
    }

    #[invalidates(user)]
    async fn update(&self, user: &User) -> Result<(), Away> {
        self.table.upsert(std::slice::from_ref(user)).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("batches").await?;
    cache_runtime::set_global(cache.clone())?;
    let users = Users { table: Table::of(1000, 1) };
    let ids: Vec<u64> = (1..=1000).collect();

    println!("ten users, one by one");
    for id in 1..=10 {
        users.find(id).await?;
    }
    println!("a thousand at once");
    users.find_many(&ids).await?;
    println!("a thousand at once, again");
    users.find_many(&ids).await?;
    println!("a write, and a thousand at once");
    users.update(&User { id: 500, tenant: 0, name: "Ann".into() }).await?;
    let found = users.find_many(&ids).await?;
    println!("user 500 is {}; {} queries in all", found[&500].name, users.table.queries());
    print!("{}", cache.stats());
    Ok(())
}
