//! Read-through: a loader is given once, and callers ask the cache.

use std::{collections::HashMap, error::Error};

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{CacheKey, Loader, Policy, ReadThrough};

#[derive(Clone, Copy, PartialEq, Eq, Hash, CacheKey)]
#[cache_key("user:<id>", value = User)]
struct UserKey {
    id: u64,
}

struct Users {
    table: Table,
}

impl Loader for Users {
    type Key = UserKey;
    type Value = User;
    type Error = Away;

    async fn load(&self, key: &UserKey) -> Result<Option<User>, Away> {
        self.table.select(key.id).await
    }

    async fn load_many(&self, keys: &[UserKey]) -> Result<HashMap<UserKey, User>, Away> {
        println!("  one query for {} users", keys.len());
        let ids: Vec<u64> = keys.iter().map(|key| key.id).collect();
        let found = self.table.select_many(&ids).await?;
        Ok(found.into_iter().map(|(id, user)| (UserKey { id }, user)).collect())
    }
}

const USERS: Policy = Policy::ttl(3600).negative_ttl(60).lock().name("users");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("read-through").await?;
    let table = Table::of(100, 1);
    let users = ReadThrough::new(cache.clone(), USERS, Users { table: table.clone() });

    for _ in 0..1000 {
        users.get(&UserKey { id: 42 }).await?;
        users.get(&UserKey { id: 404 }).await?;
    }
    println!("2,000 reads, half of them of a user that is not there: {} queries", table.queries());

    let keys: Vec<UserKey> = (1..=60).map(|id| UserKey { id }).collect();
    let found = users.get_many(&keys).await?;
    println!("60 at once, one of them cached: {} found", found.iter().flatten().count());
    users.get_many(&keys[..30]).await?;

    // A write through the cache: the fence stands from before the commit until after it.
    let key = UserKey { id: 42 };
    let fence = users.fence([&key]).await;
    table.upsert(&[User { id: 42, tenant: 0, name: "Ann".into() }]).await?;
    fence.settle().await;
    println!("after a fenced write: {:?}", users.get(&key).await?);

    // A write past the cache, by a tool that knows nothing of it.
    table.upsert(&[User { id: 42, tenant: 0, name: "Bob".into() }]).await?;
    println!("after a write past the cache: {:?}", users.get(&key).await?);
    users.refresh(&key).await?;
    println!("after a refresh: {:?}", users.get(&key).await?);
    print!("{}", cache.stats());
    Ok(())
}
