//! Versions: two releases of a service that know two layouts of one value run side by side on one cache.

use std::error::Error;

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{CacheValue, cached, invalidates};
use serde::{Deserialize, Serialize};

/// The layout that the next release reads. Its fingerprint is made of its fields when it is compiled.
#[derive(Clone, Debug, Serialize, Deserialize, CacheValue)]
struct NamedUser {
    id: u64,
    first_name: String,
}

struct Release {
    table: Table,
}

impl Release {
    #[cached(key = "user:<id>", ttl = 3600, name = "this release")]
    async fn find(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    #[cached(key = "user:<id>", ttl = 3600, name = "the next release")]
    async fn find_named(&self, id: u64) -> Result<Option<NamedUser>, Away> {
        let user = self.table.select(id).await?;
        Ok(user.map(|user| NamedUser { id: user.id, first_name: user.name }))
    }

    /// A writer of either release.
    #[invalidates(user)]
    async fn update(&self, user: &User) -> Result<(), Away> {
        self.table.upsert(std::slice::from_ref(user)).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("versions").await?;
    cache_runtime::set_global(cache.clone())?;
    let release = Release { table: Table::of(100, 1) };

    for _ in 0..1000 {
        release.find(42).await?;
        release.find_named(42).await?;
    }
    println!("1,000 reads by each release, in turns: {} queries", release.table.queries());

    release.update(&User { id: 42, tenant: 0, name: "Ann".into() }).await?;
    println!("a write by one of them is seen by both:");
    println!("  {:?}", release.find(42).await?);
    println!("  {:?}", release.find_named(42).await?);
    print!("{}", cache.stats());
    Ok(())
}
