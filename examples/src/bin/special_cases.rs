//! Special cases, each in one argument or one line: an absence that is an error, a value of which less is kept, a writer that
//! learns a key in its body, one that changes nothing, a replica that lags behind, and one call without the cache.

use std::{error::Error, fmt};

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{CacheKey, CacheValue, also_invalidate, cached, invalidates};
use serde::{Deserialize, Serialize};

/// A user who can log in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Account {
    name: String,
    password_hash: String,
}

/// The errors of a service, in which an absence is one.
#[derive(Clone, Debug)]
enum Failure {
    NotFound { table: &'static str, id: u64 },
    Away(Away),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotFound { table, id } => write!(f, "there is no {id} in {table}"),
            Failure::Away(away) => away.fmt(f),
        }
    }
}

impl Error for Failure {}

impl From<Away> for Failure {
    fn from(away: Away) -> Self {
        Failure::Away(away)
    }
}

/// What a name is looked up under. A struct, so that a template and a value that is found in a body write the same key.
#[derive(CacheKey)]
#[cache_key("user-by-name:<name>")]
struct NameKey<'a> {
    name: &'a str,
}

struct Users {
    table: Table,
}

impl Users {
    /// That there is no such user is remembered, although it is an error; and no hash of a password is in the cache, or in what
    /// anybody gets.
    #[cached(
        key = "account:<id>",
        ttl = 3600,
        lock,
        negative_ttl = 60,
        negative = |error| matches!(error, Failure::NotFound { .. }),
        negative_error = Failure::NotFound { table: "users", id },
        value = |account| Account { password_hash: String::new(), ..account },
    )]
    async fn account(&self, id: u64) -> Result<Account, Failure> {
        let user = self.row(id).await?;
        Ok(Account { name: user.name, password_hash: "argon2".to_owned() })
    }

    #[cached(key = NameKey { name }, ttl = 3600)]
    async fn id_of(&self, name: &str) -> Result<Option<u64>, Away> {
        self.table.id_of(name).await
    }

    /// The old name's key is known to the body alone. A trial run changes nothing, so it invalidates nothing.
    #[invalidates("account:<id>", NameKey { name }, when = !trial)]
    async fn rename(&self, id: u64, name: &str, trial: bool) -> Result<(), Failure> {
        let user = self.row(id).await?;
        if !trial {
            // Before the write, so that its fence stands by then.
            also_invalidate(NameKey { name: &user.name }).await;
            self.table.upsert(&[User { name: name.to_owned(), ..user }]).await?;
        }
        Ok(())
    }

    /// For a minute after this, readers load each time: they ask a replica that may be so far behind.
    #[invalidates("account:<id>", hold = "1m")]
    async fn touch(&self, id: u64) -> Result<(), Failure> {
        let user = self.row(id).await?;
        Ok(self.table.upsert(&[user]).await?)
    }

    async fn row(&self, id: u64) -> Result<User, Failure> {
        self.table.select(id).await?.ok_or(Failure::NotFound { table: "users", id })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("special-cases").await?;
    cache_runtime::set_global(cache.clone())?;
    let users = Users { table: Table::of(100, 1) };

    for _ in 0..1000 {
        users.account(42).await?;
    }
    println!("1,000 reads of {:?}: {} query", users.account(42).await?, users.table.queries());
    let before = users.table.queries();
    let mut last = String::new();
    for _ in 0..1000 {
        last = users.account(404).await.map_or_else(|error| error.to_string(), |it| it.name);
    }
    println!("1,000 reads, \"{last}\": {} query", users.table.queries() - before);

    for (name, trial) in [("Ann", true), ("Ann", false)] {
        let old = users.account(42).await?.name;
        // Both answers are cached.
        let ids = (users.id_of(&old).await?, users.id_of(name).await?);
        users.rename(42, name, trial).await?;
        let now = (users.id_of(&old).await?, users.id_of(name).await?);
        println!("rename(trial: {trial}): {old} and {name} were {ids:?} and are {now:?}");
    }

    let before = users.table.queries();
    cache.bypass(users.account(42)).await?;
    cache.refreshing(users.account(42)).await?;
    users.account(42).await?;
    println!("past the cache, anew, and from it: {} queries", users.table.queries() - before);

    users.touch(43).await?;
    let before = users.table.queries();
    for _ in 0..10 {
        users.account(43).await?;
    }
    println!("10 reads while the fence is held: {} queries", users.table.queries() - before);
    print!("{}", cache.stats());
    Ok(())
}
