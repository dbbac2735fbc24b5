//! Why is it not cached? For each reason, what the log says, and what stands under the key; and all of them in the statistics.
//!
//! One reason is not here, `contested`: it takes another program that puts back what this one replaces.

use std::{collections::HashMap, convert::Infallible, error::Error, time::Duration};

use cache_examples::{Away, Table, User, cache};
use cache_runtime::{Cache, CacheKey, KeyStatus, cached, transaction};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tracing::Level;
use tracing_subscriber::{Layer, filter::filter_fn, fmt, prelude::*};

struct Users {
    cache: Cache,
    table: Table,
    /// A batch has begun to load, and may go on.
    begun: Notify,
    go_on: Notify,
}

/// A value that loses a field on its way to the store and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Login {
    user: u64,
    #[serde(skip)]
    token: String,
}

impl Users {
    /// It does not remember that there is no such user: that takes `negative_ttl`.
    #[cached(key = "user:<id>", ttl = 60)]
    async fn find(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    #[cached(key = "user:<id>", ttl = 60, unless = |user| user.name.starts_with("user"), name = "Users::named")]
    async fn named(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    #[cached(key = "user:<id>", ttl = |user| Duration::from_secs(user.tenant), name = "Users::by_plan")]
    async fn by_plan(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    #[cached(key = "user:<id>", ttl = 60, max_bytes = 10, name = "Users::small")]
    async fn small(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }

    /// JSON has no word for what is no number.
    #[cached(key = "average:<tenant>", ttl = 60, name = "Users::average")]
    async fn average(&self, tenant: u64) -> f64 {
        0.0 / tenant as f64
    }

    #[cached(key = "login:<user>", ttl = 60, name = "Users::login")]
    async fn login(&self, user: u64) -> Login {
        Login { user, token: "secret".to_owned() }
    }

    /// It brings a row that nobody asked for.
    #[cached(key = "user:<ids>", each = ids, ttl = 60, name = "Users::friends")]
    async fn friends(&self, ids: &[u64]) -> Result<HashMap<u64, User>, Away> {
        let mut found = self.table.select_many(ids).await?;
        found.extend(self.table.select(9).await?.map(|user| (user.id, user)));
        Ok(found)
    }

    /// It is overtaken by a write.
    #[cached(key = "user:<id>", ttl = 60, name = "Users::overtaken")]
    async fn overtaken(&self, id: u64) -> Result<Option<User>, Away> {
        let user = self.table.select(id).await;
        self.cache.invalidate(UserKey { id }).await;
        user
    }

    #[cached(key = "user:<id>", tags = ["tenant:<tenant>"], skip(tenant), ttl = 60, name = "Users::of_tenant")]
    async fn of_tenant(&self, tenant: u64, id: u64) -> Result<Option<User>, Away> {
        Ok(self.table.select(id).await?.filter(|user| user.tenant == tenant))
    }

    /// A batch that takes its time.
    #[cached(key = "user:<ids>", each = ids, ttl = 60, name = "Users::all")]
    async fn all(&self, ids: &[u64]) -> Result<HashMap<u64, User>, Away> {
        self.begun.notify_one();
        self.go_on.notified().await;
        self.table.select_many(ids).await
    }

    #[cached(key = "user:<id>", ttl = 60, load_timeout = "5ms", name = "Users::slow")]
    async fn slow(&self, id: u64) -> Result<Option<User>, Away> {
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.table.select(id).await
    }

    /// A layer above another one, under the same key.
    #[cached(key = "user:<id>", ttl = 60, name = "Users::above")]
    async fn above(&self, id: u64) -> Result<Option<User>, Away> {
        self.find(id).await
    }

    #[cached(key = "user:<id>", ttl = 60, when = id < 1000, name = "Users::some")]
    async fn some(&self, id: u64) -> Result<Option<User>, Away> {
        self.table.select(id).await
    }
}

#[derive(CacheKey)]
#[cache_key("user:<id>", value = User)]
struct UserKey {
    id: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // As `RUST_LOG=cache_runtime::not_stored=debug` does.
    let only =
        filter_fn(|it| it.target() == "cache_runtime::not_stored" && *it.level() <= Level::DEBUG);
    let lines = fmt::layer().without_time().with_target(false).with_ansi(false).with_filter(only);
    tracing_subscriber::registry().with(lines).init();
    let cache = cache("why").await?;
    cache_runtime::set_global(cache.clone())?;
    let users = Users {
        cache: cache.clone(),
        table: Table::of(100, 2),
        begun: Notify::new(),
        go_on: Notify::new(),
    };

    what_it_is(&cache, &users).await?;
    what_others_do(&cache, &users).await?;
    where_it_is_called(&cache, &users).await?;
    println!("# no server");
    let away = Cache::builder().url("redis://127.0.0.1:1").build().await?;
    away.scope(users.find(7)).await?;
    println!("{:?}", away.explain(UserKey { id: 7 }).await.map_err(|_| "no answer"));

    println!("# what is stored");
    users.of_tenant(1, 7).await?;
    let tenant = cache.tagged(["tenant:1"]);
    println!("{}", tenant.explain(UserKey { id: 7 }).await?);
    cache.invalidate_tags(["tenant:1"]).await;
    println!("{}", tenant.explain(UserKey { id: 7 }).await?);
    println!("# all of them");
    for (cache, name) in [(&cache, "over the store"), (&away, "without a server")] {
        let functions = cache.stats().functions;
        for function in functions.iter().filter(|function| function.not_stored.total() > 0) {
            println!("{}, {name}: {}", function.name, function.not_stored);
        }
    }
    Ok(())
}

/// Says what stands under the key of a user.
async fn explain(cache: &Cache, id: u64) -> Result<(), cache_runtime::Error> {
    println!("{}", cache.explain(UserKey { id }).await?);
    Ok(())
}

/// The same, once the call that has loaded it has given up its lease, which nobody waits for.
async fn explain_afterwards(cache: &Cache, id: u64) -> Result<(), cache_runtime::Error> {
    while cache.explain(UserKey { id }).await?.status() == KeyStatus::Leased {
        tokio::task::yield_now().await;
    }
    explain(cache, id).await
}

async fn what_it_is(cache: &Cache, users: &Users) -> Result<(), Box<dyn Error>> {
    println!("# there is none, and no `negative_ttl`");
    users.find(404).await?;
    explain_afterwards(cache, 404).await?;
    println!("# `unless` is true of it");
    users.named(1).await?;
    println!("# its ttl is zero");
    users.by_plan(2).await?;
    println!("# it is larger than `max_bytes`");
    users.small(3).await?;
    println!("# it cannot be encoded");
    users.average(0).await;
    println!("# it comes back as another value");
    users.login(4).await;
    println!("# a batch has brought a row that nobody asked for");
    users.friends(&[5]).await?;
    explain_afterwards(cache, 9).await?;
    Ok(())
}

async fn what_others_do(cache: &Cache, users: &Users) -> Result<(), Box<dyn Error>> {
    println!("# a write has come between");
    users.overtaken(10).await?;
    println!("# a writer is at work");
    let fence = cache.fence([UserKey { id: 11 }]).await;
    users.find(11).await?;
    explain(cache, 11).await?;
    fence.settle().await;
    println!("# a writer of its tag is at work");
    let fence = cache.fence_tags(["tenant:0"]).await;
    users.of_tenant(0, 12).await?;
    println!("{}", cache.tagged(["tenant:0"]).explain(UserKey { id: 12 }).await?);
    fence.settle().await;
    println!("# another call is loading it");
    let second = async {
        users.begun.notified().await;
        users.find(13).await?;
        explain(cache, 13).await?;
        users.go_on.notify_one();
        Ok::<_, Box<dyn Error>>(())
    };
    let (all, second) = tokio::join!(users.all(&[13, 14]), second);
    second.and(all.map(drop).map_err(Into::into))
}

async fn where_it_is_called(cache: &Cache, users: &Users) -> Result<(), Box<dyn Error>> {
    println!("# the load takes too long");
    users.slow(20).await?;
    println!("# it is loaded within a load of the same key");
    users.above(21).await?;
    println!("# it is loaded in a transaction");
    let read = async { Ok::<_, Infallible>(users.find(22).await) };
    transaction(read).await??;
    println!("# the call goes past the cache");
    users.some(1023).await?;
    cache.bypass(users.find(23)).await?;
    Ok(())
}
