//! Write-through: what a writer returns takes the entry's place, so that the next read is a hit and not a query.

use std::error::Error;

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{cached, write_through};
use tokio::join;

/// What an insert gives: the row, as the database has made it.
struct Inserted {
    user: User,
}

struct Users {
    table: Table,
}

impl Users {
    #[cached(key = "user:<id>", ttl = 3600, negative_ttl = 60, lock)]
    async fn find(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    #[cached(key = "user-count:<tenant>", ttl = 3600, tags = ["tenant:<tenant>"])]
    async fn count(&self, tenant: u64) -> Result<usize, Away> {
        self.table.count(tenant).await
    }

    /// `UPDATE … RETURNING *`: the value is what the database now holds.
    #[write_through(key = user, ttl = 3600)]
    async fn update(&self, user: &User) -> Result<User, Away> {
        self.table.upsert(std::slice::from_ref(user)).await?;
        Ok(user.clone())
    }

    /// The same without a result: the value is the parameter.
    #[write_through(key = user, ttl = 3600, value = user)]
    async fn replace(&self, user: &User) -> Result<(), Away> {
        self.table.upsert(std::slice::from_ref(user)).await
    }

    /// The key is known only from the result, so it is emptied: a `None` that was remembered is forgotten.
    #[write_through(
        key = "user:<return.user.id>",
        ttl = 3600,
        value = |inserted: &Inserted| &inserted.user,
        tags("tenant:<tenant>"),
    )]
    async fn insert(&self, tenant: u64, name: &str) -> Result<Inserted, Away> {
        let user = User { id: 101, tenant, name: name.to_owned() };
        self.table.upsert(std::slice::from_ref(&user)).await?;
        Ok(Inserted { user })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("write-through").await?;
    cache_runtime::set_global(cache.clone())?;
    let users = Users { table: Table::of(100, 2) };

    let mut user = users.find(42).await?.ok_or("user 42 is there")?;
    for number in 1..=100 {
        user.name = format!("name {number}");
        if number % 2 == 0 {
            users.update(&user).await?;
        } else {
            users.replace(&user).await?;
        }
        let seen = users.find(42).await?.ok_or("user 42 is there")?;
        assert_eq!(seen, user, "a read after a write sees it");
    }
    println!("100 writes, each read afterwards: {} queries", users.table.queries());

    println!(
        "user 101 before: {:?}, of {} in the tenant",
        users.find(101).await?,
        users.count(1).await?
    );
    let inserted = users.insert(1, "Ann").await?.user;
    println!("inserted as {}", inserted.id);
    println!(
        "user 101 after: {:?}, of {} in the tenant",
        users.find(101).await?,
        users.count(1).await?
    );

    // Two writers at once: nobody can say whose commit came last, so neither value stays, and the next read loads.
    let (ann, bob) =
        (User { name: "Ann".into(), ..user.clone() }, User { name: "Bob".into(), ..user });
    let (first, second) = join!(users.update(&ann), users.update(&bob));
    first.and(second)?;
    let before = users.table.queries();
    let seen = users.find(42).await?.ok_or("user 42 is there")?;
    println!(
        "after two writers at once: {}, by {} query",
        seen.name,
        users.table.queries() - before
    );
    print!("{}", cache.stats());
    Ok(())
}
