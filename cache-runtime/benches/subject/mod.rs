//! What is compared: annotated functions, and what a good engineer writes without this library.
#![allow(dead_code, reason = "each benchmark uses a part")]

use std::{
    error::Error,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use cache_runtime::{Cache, cached};
use redis::{
    AsyncCommands, AsyncConnectionConfig, Client, IntoConnectionInfo, aio::MultiplexedConnection,
    io::tcp::TcpSettings,
};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// How many callers there are at most; each has a key of its own.
pub(crate) const CALLERS: u64 = 64;

/// The life of every entry, on either side.
const TTL: Duration = Duration::from_secs(3600);

/// How long a call waits for the server, on either side. It costs the same whatever its length; this one does
/// not run out on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

type Answer = Result<Option<User>, Box<dyn Error + Send + Sync>>;

type LocalAnswer = Result<Option<Arc<User>>, Box<dyn Error + Send + Sync>>;

/// The value: a row with a list in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    id: u64,
    name: String,
    email: String,
    active: bool,
    balance: f64,
    manager: Option<u64>,
    roles: Vec<String>,
    notes: Vec<Note>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    at: u64,
    text: String,
}

/// How large a value is as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// 300 bytes.
    Small,
    /// 8 kilobytes.
    Large,
}

impl Size {
    pub(crate) const ALL: [Size; 2] = [Size::Small, Size::Large];

    pub(crate) fn named(name: &str) -> Option<Size> {
        Size::ALL.into_iter().find(|size| size.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Size::Small => "300B",
            Size::Large => "8KB",
        }
    }

    /// The key's number: callers do not share keys, nor do sizes.
    fn id(self, caller: u64) -> u64 {
        match self {
            Size::Small => 1000 + caller,
            Size::Large => 2000 + caller,
        }
    }

    fn user(self, caller: u64) -> User {
        let (notes, text) = match self {
            Size::Small => (1_u64, 84),
            Size::Large => (74, 77),
        };
        let note =
            |n| Note { at: 1_767_225_600 + n, text: "lorem ipsum ".repeat(7)[..text].into() };
        User {
            id: self.id(caller),
            name: "Grace Brewster Murray Hopper".into(),
            email: "grace.hopper@navy.example.org".into(),
            active: true,
            balance: 1906.25,
            manager: Some(7),
            roles: ["admiral", "programmer", "lecturer"].map(String::from).into(),
            notes: (0..notes).map(note).collect(),
        }
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It finds its value.
    Hit,
    /// It finds nothing, loads (which takes no time), and stores.
    Miss,
}

impl Outcome {
    pub(crate) const ALL: [Outcome; 2] = [Outcome::Hit, Outcome::Miss];

    pub(crate) fn named(name: &str) -> Option<Outcome> {
        Outcome::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Outcome::Hit => "hit",
            Outcome::Miss => "miss",
        }
    }
}

/// One way to get a value that is cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `#[cached]` over Redis.
    CachedRedis,
    /// The same with values that are encrypted.
    #[cfg(feature = "encryption")]
    SealedRedis,
    /// `GET` and `serde_json`, with a response timeout, as the client has by default.
    Get,
    /// The same without any timeout.
    GetUntimed,
    /// `#[cached]` over the embedded store.
    CachedMemory,
    /// `#[cached(local)]` of an `Arc` over Redis.
    LocalRedis,
    /// The same in a namespace, whose stamp is looked at too.
    LocalRedisNamespace,
    /// `#[cached(local)]` of an `Arc` over the embedded store.
    LocalMemory,
    /// The same JSON in a `moka` cache, and `serde_json`.
    Moka,
    /// Decoded values in a `moka` cache: what is to be had where nothing is decoded.
    MokaDecoded,
    /// Decoded values in a `quick_cache`.
    QuickDecoded,
}

impl Way {
    pub(crate) const ALL: &[Way] = &[
        Way::CachedRedis,
        #[cfg(feature = "encryption")]
        Way::SealedRedis,
        Way::Get,
        Way::GetUntimed,
        Way::CachedMemory,
        Way::LocalRedis,
        Way::LocalRedisNamespace,
        Way::LocalMemory,
        Way::Moka,
        Way::MokaDecoded,
        Way::QuickDecoded,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Way::CachedRedis => "cached-redis",
            #[cfg(feature = "encryption")]
            Way::SealedRedis => "sealed-redis",
            Way::Get => "get",
            Way::GetUntimed => "get-untimed",
            Way::CachedMemory => "cached-memory",
            Way::LocalRedis => "local-redis",
            Way::LocalRedisNamespace => "local-redis-namespace",
            Way::LocalMemory => "local-memory",
            Way::Moka => "moka",
            Way::MokaDecoded => "moka-decoded",
            Way::QuickDecoded => "quick-decoded",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Way> {
        Way::ALL.iter().copied().find(|way| way.name() == name)
    }
}

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) outcome: Outcome,
    pub(crate) way: Way,
    pub(crate) size: Size,
}

/// Ours and theirs.
pub(crate) struct Comparison {
    pub(crate) title: &'static str,
    pub(crate) ours: Way,
    pub(crate) theirs: Way,
}

pub(crate) const COMPARISONS: &[Comparison] = &[
    Comparison { title: "redis / GET", ours: Way::CachedRedis, theirs: Way::Get },
    Comparison {
        title: "redis / GET, no timeout",
        ours: Way::CachedRedis,
        theirs: Way::GetUntimed,
    },
    #[cfg(feature = "encryption")]
    Comparison { title: "encrypted / not", ours: Way::SealedRedis, theirs: Way::CachedRedis },
    Comparison { title: "memory / moka", ours: Way::CachedMemory, theirs: Way::Moka },
    Comparison { title: "local, redis / GET", ours: Way::LocalRedis, theirs: Way::Get },
    Comparison {
        title: "local, redis / moka, decoded",
        ours: Way::LocalRedis,
        theirs: Way::MokaDecoded,
    },
    Comparison {
        title: "the same, in a namespace",
        ours: Way::LocalRedisNamespace,
        theirs: Way::MokaDecoded,
    },
    Comparison {
        title: "local, memory / moka, decoded",
        ours: Way::LocalMemory,
        theirs: Way::MokaDecoded,
    },
    Comparison {
        title: "local, memory / quick_cache",
        ours: Way::LocalMemory,
        theirs: Way::QuickDecoded,
    },
    Comparison {
        title: "memory / moka, decoded",
        ours: Way::CachedMemory,
        theirs: Way::MokaDecoded,
    },
];

/// All ways, filled with the same values.
pub(crate) struct Subject {
    over_redis: Users,
    in_namespace: Users,
    #[cfg(feature = "encryption")]
    sealed: Users,
    in_memory: Users,
    timed: MultiplexedConnection,
    untimed: MultiplexedConnection,
    json: moka::sync::Cache<String, Bytes>,
    decoded: moka::sync::Cache<String, Arc<User>>,
    quick: quick_cache::sync::Cache<String, Arc<User>>,
    /// The number of the next key that no cache has.
    absent: AtomicU64,
}

/// The annotated function, as a service would have it.
struct Users {
    cache: Cache,
}

impl Users {
    #[cached(key = "user:<id>", ttl = 3600, skip(row), cache = self.cache)]
    async fn find(&self, id: u64, row: Option<&User>) -> Answer {
        load(id, row)
    }

    #[cached(key = "user:<id>", ttl = 3600, local, skip(row), cache = self.cache)]
    async fn find_local(&self, id: u64, row: Option<&User>) -> LocalAnswer {
        Ok(load(id, row)?.map(Arc::new))
    }

    async fn fill(&self, id: u64, user: &User) {
        self.cache.try_put(format!("user:{id}"), user, TTL).await.expect("the cache can be filled");
    }
}

/// Stands for a database. It has no row where every call is to be a hit.
fn load(id: u64, row: Option<&User>) -> Answer {
    match row {
        Some(row) => Ok(Some(row.clone())),
        None => Err(format!("user {id} was not in the cache").into()),
    }
}

async fn find_by_get(connection: &MultiplexedConnection, id: u64, row: Option<&User>) -> Answer {
    let mut connection = connection.clone();
    let key = format!("user:{id}");
    let json: Option<Vec<u8>> = connection.get(&key).await?;
    if let Some(json) = json {
        return Ok(serde_json::from_slice(&json)?);
    }
    let user = load(id, row)?;
    if let Some(user) = &user {
        let json = serde_json::to_vec(user)?;
        let () = connection.set_ex(&key, json, TTL.as_secs()).await?;
    }
    Ok(user)
}

async fn find_by_moka(
    cache: &moka::sync::Cache<String, Bytes>,
    id: u64,
    row: Option<&User>,
) -> Answer {
    let key = format!("user:{id}");
    if let Some(json) = cache.get(key.as_str()) {
        return Ok(serde_json::from_slice(&json)?);
    }
    let user = load(id, row)?;
    if let Some(user) = &user {
        cache.insert(key, serde_json::to_vec(user)?.into());
    }
    Ok(user)
}

fn find_decoded(
    cache: &moka::sync::Cache<String, Arc<User>>,
    id: u64,
    row: Option<&User>,
) -> Arc<User> {
    let key = format!("user:{id}");
    if let Some(user) = cache.get(key.as_str()) {
        return user;
    }
    let user = Arc::new(load(id, row).expect("a row").expect("a row"));
    cache.insert(key, Arc::clone(&user));
    user
}

fn find_quickly(
    cache: &quick_cache::sync::Cache<String, Arc<User>>,
    id: u64,
    row: Option<&User>,
) -> Arc<User> {
    let key = format!("user:{id}");
    if let Some(user) = cache.get(key.as_str()) {
        return user;
    }
    let user = Arc::new(load(id, row).expect("a row").expect("a row"));
    cache.insert(key, Arc::clone(&user));
    user
}

impl Subject {
    /// Connects to the server at `url` and fills every cache. Ours and theirs are two databases there, so
    /// that both write `user:1000`.
    pub(crate) async fn new(url: &str) -> Arc<Subject> {
        let over_redis =
            Cache::builder().url(&format!("{url}/0")).connections(1).deadline(DEADLINE);
        #[cfg(feature = "encryption")]
        let sealed = {
            let ring = cache_runtime::KeyRing::new("2026-11", &[7; 32]);
            over_redis.clone().url(&format!("{url}/2")).encryption(ring)
        };
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            .set_pipeline_buffer_size(1024);
        let untimed = settings.clone().set_response_timeout(None);
        let subject = Subject {
            in_namespace: Users {
                cache: over_redis.clone().namespace("bench").build().await.expect("a good URL"),
            },
            over_redis: Users { cache: over_redis.build().await.expect("a good URL") },
            #[cfg(feature = "encryption")]
            sealed: Users { cache: sealed.build().await.expect("a good URL") },
            in_memory: Users { cache: Cache::in_memory() },
            timed: connect(url, &settings).await,
            untimed: connect(url, &untimed).await,
            json: moka::sync::Cache::builder().max_capacity(100_000).time_to_live(TTL).build(),
            decoded: moka::sync::Cache::builder().max_capacity(100_000).time_to_live(TTL).build(),
            quick: quick_cache::sync::Cache::new(100_000),
            absent: AtomicU64::new(1_000_000),
        };
        for size in Size::ALL {
            for caller in 0..CALLERS {
                subject.fill(size.id(caller), size.user(caller)).await;
            }
        }
        Arc::new(subject)
    }

    async fn fill(&self, id: u64, user: User) {
        self.over_redis.fill(id, &user).await;
        self.in_namespace.fill(id, &user).await;
        self.quick.insert(format!("user:{id}"), Arc::new(user.clone()));
        #[cfg(feature = "encryption")]
        self.sealed.fill(id, &user).await;
        self.in_memory.fill(id, &user).await;
        let (key, json) =
            (format!("user:{id}"), serde_json::to_vec(&user).expect("a user is JSON"));
        let (mut connection, ttl) = (self.timed.clone(), TTL.as_secs());
        let () = connection.set_ex(&key, &json, ttl).await.expect("the server takes values");
        self.json.insert(key.clone(), json.into());
        self.decoded.insert(key, Arc::new(user));
    }

    /// So many callers' calls at once, so many by each.
    pub(crate) async fn calls(self: &Arc<Self>, call: Call, callers: u64, times: u64) {
        if callers == 1 {
            return self.caller(call, 0, times).await;
        }
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let subject = Arc::clone(self);
            tasks.spawn(async move { subject.caller(call, caller, times).await });
        }
        tasks.join_all().await;
    }

    /// One caller's calls, one after the other.
    ///
    /// # Panics
    ///
    /// Where a call that is to be a hit is none.
    async fn caller(&self, call: Call, caller: u64, times: u64) {
        let Call { outcome, way, size } = call;
        let row = size.user(caller);
        let row = (outcome == Outcome::Miss).then_some(&row);
        for _ in 0..times {
            let id = black_box(match outcome {
                Outcome::Hit => size.id(caller),
                Outcome::Miss => self.absent.fetch_add(1, Ordering::Relaxed),
            });
            let answer = match way {
                Way::CachedRedis => self.over_redis.find(id, row).await,
                #[cfg(feature = "encryption")]
                Way::SealedRedis => self.sealed.find(id, row).await,
                Way::Get => find_by_get(&self.timed, id, row).await,
                Way::GetUntimed => find_by_get(&self.untimed, id, row).await,
                Way::CachedMemory => self.in_memory.find(id, row).await,
                Way::Moka => find_by_moka(&self.json, id, row).await,
                Way::LocalRedis | Way::LocalRedisNamespace | Way::LocalMemory => {
                    let users = match way {
                        Way::LocalRedis => &self.over_redis,
                        Way::LocalRedisNamespace => &self.in_namespace,
                        _ => &self.in_memory,
                    };
                    black_box(users.find_local(id, row).await.expect("a value"));
                    continue;
                }
                Way::QuickDecoded => {
                    black_box(find_quickly(&self.quick, id, row));
                    continue;
                }
                Way::MokaDecoded => {
                    black_box(find_decoded(&self.decoded, id, row));
                    continue;
                }
            };
            black_box(answer.expect("a value"));
        }
    }
}

/// One connection with the settings of ours.
async fn connect(url: &str, settings: &AsyncConnectionConfig) -> MultiplexedConnection {
    let info = format!("{url}/1").into_connection_info().expect("a good URL");
    let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    let client = Client::open(info).expect("a good URL");
    client.get_multiplexed_async_connection_with_config(settings).await.expect("the server is up")
}
