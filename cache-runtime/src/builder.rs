//! Configures and builds a cache.

mod address;
mod background;
mod cluster;
mod credentials;
#[cfg(feature = "encryption")]
mod encryption;
mod incarnations;
mod local;
mod logging;
mod memory;
mod query;
mod resilience;
mod sentinel;
mod socket;
mod tls;
mod url_error;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

pub use self::tls::Tls;
use self::{local::Local, resilience::Resilience};
use crate::{
    active_refreshes::ActiveRefreshes,
    cache::Cache,
    credentials::Provider,
    declared::Declarations,
    encryption::Encryptor,
    error::Error,
    flight::Flights,
    guard::{Guard, Settings},
    key,
    shared::{Inner, WrapBackground},
    stats::Registry,
    store::{
        Store,
        breaker::Breakers,
        memory::{Limits, MemoryStore},
    },
};

impl Cache {
    /// A cache in this process's memory, of at most 256 MiB. [`url`](Builder::url) sets another bound.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let cache = cache_runtime::Cache::in_memory();
    /// cache.put("greeting", "hello", 60).await;
    /// assert_eq!(cache.get::<String>("greeting").await.unwrap().as_deref(), Some("hello"));
    /// # }
    /// ```
    pub fn in_memory() -> Cache {
        Builder::default().memory()
    }

    /// A cache that stores nothing: annotated functions run as if they had no attribute.
    pub fn disabled() -> Cache {
        Builder::default().disabled()
    }

    /// A cache over the store that `url` names, with default settings: see [`Builder::url`].
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a malformed URL. A server that cannot be reached is not an error: the cache
    /// connects when it can, and until then functions load without it.
    pub async fn connect(url: &str) -> Result<Cache, Error> {
        Cache::builder().url(url).build().await
    }

    /// A cache over the store that the environment variable `CACHE_URL` names, or in memory where it is not set.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a malformed URL.
    pub async fn from_env() -> Result<Cache, Error> {
        Builder::from_env()?.build().await
    }

    /// Starts to configure a cache.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

/// Configures a [`Cache`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
/// use std::time::Duration;
/// use cache_runtime::Cache;
///
/// let cache = Cache::builder()
///     .url("memory://?max_bytes=64MiB")
///     .namespace("shop")
///     .deadline(Duration::from_millis(50))
///     .build()
///     .await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Builder {
    url: String,
    namespace: Option<String>,
    connections: usize,
    deadline: Duration,
    fence_life: Duration,
    transaction_fence_life: Duration,
    resilience: Resilience,
    log_keys: bool,
    incarnations: bool,
    local: Local,
    encryptor: Encryptor,
    tls: Option<Tls>,
    provider: Option<Provider>,
    wrap_background: Option<WrapBackground>,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            url: "memory://".to_owned(),
            namespace: None,
            connections: 1,
            deadline: Duration::from_millis(100),
            fence_life: Duration::from_secs(10),
            transaction_fence_life: Duration::from_secs(60),
            resilience: Resilience::DEFAULT,
            log_keys: false,
            incarnations: true,
            local: Local::default(),
            encryptor: Encryptor::default(),
            tls: None,
            provider: None,
            wrap_background: None,
        }
    }
}

impl fmt::Debug for Builder {
    /// Leaves out the URL, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("namespace", &self.namespace)
            .field("connections", &self.connections)
            .field("deadline", &self.deadline)
            .field("fence_life", &self.fence_life)
            .field("transaction_fence_life", &self.transaction_fence_life)
            .field("resilience", &self.resilience)
            .field("log_keys", &self.log_keys)
            .field("incarnations", &self.incarnations)
            .field("encryption", &self.encryptor)
            .field("tls", &self.tls)
            .field("credentials", &self.provider.is_some())
            .field("wrap_background", &self.wrap_background.is_some())
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// A builder for the store that the environment variable `CACHE_URL` names, or for the embedded store where it is
    /// not set.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] where the variable is not UTF-8. A malformed URL is an error of
    /// [`build`](Builder::build).
    pub fn from_env() -> Result<Builder, Error> {
        match std::env::var("CACHE_URL") {
            Ok(url) => Ok(Builder::default().url(&url)),
            Err(std::env::VarError::NotPresent) => Ok(Builder::default()),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Error::Config("`CACHE_URL` is not UTF-8".into()))
            }
        }
    }

    /// Where the store is. The default is `memory://`.
    ///
    /// | URL | store |
    /// |---|---|
    /// | `memory://?max_bytes=256MiB` | embedded in this process: see below |
    /// | `redis://user:password@host:6379/0` | Redis 7 or Valkey |
    /// | `rediss://…` | the same over TLS (feature `tls`): see [`tls`](Builder::tls) |
    /// | `redis+sentinel://user:password@host:26379,host2:26379/name/0` | the master that these sentinels know as `name`: see below |
    /// | `rediss+sentinel://…` | the same, both the sentinels and the servers over TLS |
    /// | `redis+unix://user:password@/run/redis/redis-server.sock?db=0` | Redis or Valkey on this machine, over a Unix socket; `unix://…` is the same |
    /// | `redis+cluster://user:password@host:6379,host2:6379` | a Redis Cluster, of which the URL names some nodes; `rediss+cluster://…` over TLS |
    /// | `off` | none: every function runs its body, as if it had no attribute |
    ///
    /// `valkey` and `valkeys` can stand for `redis` and `rediss`. User, password, port and the number of the database
    /// are optional. Special characters of a password are percent-encoded (`p@ss` is `p%40ss`). Of a URL, only the hosts
    /// are ever shown.
    ///
    /// The embedded store holds at most `max_bytes`, a number of bytes with or without `KiB`, `MiB` or `GiB`; 256 MiB by
    /// default. It counts keys, encoded values and what it takes to keep them. `&capacity=10000` bounds the number of values
    /// as well. What is stored stays until other values push it out or its ttl ends. A value larger than nearly all of the
    /// store, or larger than 14 MiB in a large one, is not kept, and is counted as
    /// [`StoreStats::oversized`](crate::StoreStats::oversized). Leases, fences and what is written behind are not pushed
    /// out, and are not counted.
    ///
    /// At each attempt to connect, and once a second, the sentinels are asked in turn where the master is; the one that
    /// answered last is asked first, and each has 300 ms. A server that turns out to be a replica is not used. User and
    /// password of the URL are those of the servers; `?sentinel_user=…&sentinel_password=…` are those of the sentinels.
    ///
    /// Every URL of a server can have `?deadline=250ms`, `?incarnations=off`, `?local=off`, `?local_capacity=64MiB`,
    /// `?local_lease=200ms` and `?local_strict=on`. They override the settings of these names, because whoever writes the URL
    /// knows how far away the server is, and how it persists. Every URL, `memory://?log_keys=on` too, can say whether
    /// [keys are logged](Builder::log_keys).
    pub fn url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.url);
        self
    }

    /// A prefix of every key (`shop:user:42`), for services that share a server. None by default.
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// How many connections to the server all callers share: 1 by default. What many callers send at once goes out together
    /// over one, so more are slower, unless values are so large, or callers so many, that one is never idle. For a cluster they
    /// are divided among its masters, at least one for each.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// How long one operation on the store may take, connecting included: 100 ms by default. A failing store delays a
    /// call by no more than this. A URL can override it (`redis://host/?deadline=250ms`).
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How long a fence stands after its writer died without settling: 10 s by default. A living writer renews its
    /// fence.
    pub fn fence_time(mut self, time: Duration) -> Self {
        self.fence_life = time;
        self
    }

    /// How long a fence stands whose [transaction](crate::transaction()) was cancelled, or ended without knowing whether it
    /// was committed: 60 s by default. By then the database has to have decided. A transaction at work renews its fences.
    pub fn transaction_fence_time(mut self, time: Duration) -> Self {
        self.transaction_fence_life = time;
        self
    }

    /// Builds the cache, and waits for its first connections, no longer than the deadline of one operation.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a malformed URL or namespace, or for a feature that is not enabled. A server
    /// that cannot be reached is not an error: the cache connects when it can.
    pub async fn build(self) -> Result<Cache, Error> {
        if self.is_off() {
            return Ok(self.disabled());
        }
        let this = self.take_url_settings()?;
        let deadline = this.deadline;
        let cache = this.build_store()?;
        #[cfg(feature = "redis")]
        if let Some(Store::Redis(store)) = cache.inner.guard.as_ref().map(|guard| guard.store()) {
            match crate::time::in_real_time(deadline, std::pin::pin!(store.connect())).await {
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    tracing::warn!(%error, "the cache's server cannot be reached yet")
                }
                None => tracing::warn!("the cache's server does not answer yet"),
            }
        }
        #[cfg(not(feature = "redis"))]
        let _ = deadline;
        Ok(cache)
    }

    /// Builds the cache without waiting for anything: it connects when it is first used.
    pub(crate) fn build_lazily(self) -> Result<Cache, Error> {
        if self.is_off() {
            return Ok(self.disabled());
        }
        self.take_url_settings()?.build_store()
    }

    fn is_off(&self) -> bool {
        self.url == "off"
    }

    /// Builds the cache from a URL that names a store and nothing else.
    fn build_store(self) -> Result<Cache, Error> {
        self.check()?;
        let breakers = self.resilience.breakers();
        let (store, description) = self.store(&breakers)?;
        Ok(self.with_store(Some(store), description, breakers))
    }

    pub(crate) fn memory(self) -> Cache {
        let breakers = self.resilience.breakers();
        let store = MemoryStore::new(Limits::DEFAULT, Arc::clone(&breakers.counters));
        let description = memory::description(Limits::DEFAULT);
        self.with_store(Some(Store::Memory(store)), description, breakers)
    }

    pub(crate) fn disabled(self) -> Cache {
        let breakers = self.resilience.breakers();
        self.with_store(None, "disabled".to_owned(), breakers)
    }

    fn with_store(self, store: Option<Store>, description: String, breakers: Breakers) -> Cache {
        let namespace_tag = self.namespace.as_deref().map(key::stored_namespace);
        let kind = store.as_ref().map_or("disabled", Store::kind);
        let counters = Arc::clone(&breakers.counters);
        let settings = Settings {
            log_keys: self.log_keys,
            ..self.resilience.settings(self.deadline, namespace_tag.as_deref(), breakers)
        };
        Cache {
            inner: Arc::new(Inner {
                guard: store.map(|store| Guard::new(store, settings)),
                namespace_tag: namespace_tag.map(String::into_boxed_str),
                namespace: self.namespace.map(String::into_boxed_str),
                fence_life: self.fence_life,
                transaction_fence_life: self.transaction_fence_life,
                flights: Flights::new(),
                active_refreshes: ActiveRefreshes::new(),
                registry: Registry::new(kind, &counters),
                declared: Declarations::default(),
                queues: Mutex::default(),
                description,
                wrap_background: self.wrap_background,
            }),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let config = |what: &str| Err(Error::Config(what.to_owned()));
        if self.deadline.is_zero() {
            return config("a deadline of zero would fail every operation");
        }
        if self.fence_life.is_zero() || self.transaction_fence_life.is_zero() {
            return config("a fence time of zero would protect nothing");
        }
        if self.local.lease < Duration::from_millis(1) {
            return config(
                "a local lease of less than a millisecond would end before any copy is served",
            );
        }
        self.encryptor.check()?;
        self.resilience.check()?;
        match self.namespace.as_deref() {
            Some("") => config("the namespace is empty; leave `namespace` out to have none"),
            Some(n) if n.contains(|c: char| c.is_whitespace() || c.is_control()) => {
                config("the namespace contains white space or control characters")
            }
            Some(n) if n.contains('#') => config(
                "the namespace contains `#`, which marks the cache's own keys: write `:` or `-`",
            ),
            _ => Ok(()),
        }
    }
}
