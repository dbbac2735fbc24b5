//! Cache-aside: a function looks into the cache, and runs where that has no answer. Its writers end what is there.

use std::error::Error;

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{cached, invalidates};

struct Users {
    table: Table,
}

impl Users {
    #[cached(key = "user:<id>", ttl = 3600, negative_ttl = 60, lock)]
    async fn find(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    #[invalidates(user)]
    async fn update(&self, user: &User) -> Result<(), Away> {
        self.table.upsert(std::slice::from_ref(user)).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("cache-aside").await?;
    cache_runtime::set_global(cache.clone())?;
    let users = Users { table: Table::of(100, 1) };

    for _ in 0..1000 {
        users.find(42).await?;
        users.find(404).await?;
    }
    println!(
        "2,000 reads, half of them of a user that is not there: {} queries",
        users.table.queries()
    );

    let mut user = users.find(42).await?.ok_or("user 42 is there")?;
    "Ann".clone_into(&mut user.name);
    users.update(&user).await?;
    println!("after a write the next read gives the new row: {:?}", users.find(42).await?);
    print!("{}", cache.stats());
    Ok(())
}
