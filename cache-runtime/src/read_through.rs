//! Read-through: a cache that loads missing values by itself, with a loader that it was given once.

use std::{collections::HashMap, fmt, future::Future, hash::Hash, pin::pin, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    cache::Cache,
    codec::{self, Compare, Meta, Same},
    error::Error,
    keep::Keep,
    key::{AnyValue, CacheKey, KeyOf, KeyWriter},
    policy::Policy,
    protocol::Nonce,
    read::{Attended, Request, keep, past, reload},
    return_shape::FallibleOptional,
    stats::NotStored,
    telemetry, transaction,
    write::{self, Fence},
};

/// The source of a [`ReadThrough`]: one query by key, for values that are not cached.
///
/// The key is a struct with `#[derive(CacheKey)]`. All functions with the same key share its entries.
pub trait Loader: Send + Sync + 'static {
    /// The key of a query.
    type Key: KeyOf<Self::Value> + Clone + Eq + Hash + Send + Sync + 'static;
    /// The value of a query.
    type Value: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;
    /// The error of a query. It is never stored, and reaches the caller unchanged.
    type Error: Send + 'static;

    /// Loads the value of one key. `None` where there is none.
    ///
    /// It has to see every write that was committed before it began, so do not query a replica that may lag behind.
    fn load(
        &self,
        key: &Self::Key,
    ) -> impl Future<Output = Result<Option<Self::Value>, Self::Error>> + Send;

    /// Loads the values of several keys, those that exist, each under its key.
    ///
    /// The default loads them one by one. If the source supports it, query all rows at once:
    /// `SELECT … WHERE id = ANY($1)`.
    fn load_many(
        &self,
        keys: &[Self::Key],
    ) -> impl Future<Output = Result<HashMap<Self::Key, Self::Value>, Self::Error>> + Send {
        async move {
            let mut values = HashMap::with_capacity(keys.len());
            for key in keys {
                if let Some(value) = self.load(key).await? {
                    values.insert(key.clone(), value);
                }
            }
            Ok(values)
        }
    }
}

/// A cache that loads missing values by itself.
///
/// `#[cached]` caches a function; this caches a source of many rows. Callers ask for a key, and the loader is in one
/// place. Cloning is cheap, and clones are the same.
///
/// ```
/// use cache_runtime::{Cache, CacheKey, Loader, Policy, ReadThrough};
///
/// #[derive(Clone, PartialEq, Eq, Hash, CacheKey)]
/// #[cache_key("user:<id>")]
/// struct UserKey { id: u64 }
///
/// struct Users; // a pool of connections
///
/// impl Loader for Users {
///     type Key = UserKey;
///     type Value = String;
///     type Error = std::io::Error;
///
///     async fn load(&self, key: &UserKey) -> std::io::Result<Option<String>> {
///         Ok(Some(format!("user {}", key.id))) // SELECT name FROM users WHERE id = $1
///     }
/// }
///
/// const USERS: Policy = Policy::ttl(3600).lock();
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let users = ReadThrough::new(Cache::in_memory(), USERS, Users);
/// let key = UserKey { id: 42 };
/// assert_eq!(users.get(&key).await?.as_deref(), Some("user 42")); // loaded
/// assert_eq!(users.get(&key).await?.as_deref(), Some("user 42")); // cached
/// # Ok(()) }
/// ```
///
/// # Writes
///
/// Whoever writes a row invalidates its key: by `#[invalidates(UserKey { id })]` or `#[write_through(key = UserKey { id }, …)]`
/// on the function that writes, or with [`fence`](ReadThrough::fence) around the commit. Use [`put`](ReadThrough::put)
/// and [`invalidate`](ReadThrough::invalidate) after a commit only.
///
/// # Loads in the background
///
/// Each load owns its loader and its keys, so it can continue after its caller is gone: with
/// [`Policy::stale_while_revalidate`], [`Policy::refresh_ahead`] and [`Policy::soft_timeout`], values are refreshed in
/// the background.
pub struct ReadThrough<L: Loader> {
    cache: Cache,
    policy: Policy,
    loader: Arc<L>,
    same: Same<L::Value>,
}

impl<L: Loader> ReadThrough<L> {
    /// A cache of the values of `loader`, kept as `policy` says. Its calls count under [`Policy::name`], or under
    /// `read_through`.
    pub fn new(cache: Cache, policy: Policy, loader: L) -> Self {
        let policy = match policy.name {
            Some(_) => policy,
            None => policy.name("read_through"),
        };
        ReadThrough { cache, policy, loader: Arc::new(loader), same: None }
    }

    /// Compares each loaded value with what its encoding gives back, and does not store one that is changed by it:
    /// as [`Cache::same`]. `PartialEq::eq` does for most types. An [audit](Policy::audit) compares by it too.
    pub fn same(self, same: fn(&L::Value, &L::Value) -> bool) -> Self {
        ReadThrough { same: Some(same), ..self }
    }

    /// The value under `key`, from the cache or from the loader: as [`Cache::get_or_load_owned`].
    ///
    /// A `None` is only remembered with [`Policy::negative_ttl`].
    ///
    /// # Errors
    ///
    /// The error of the loader. Whatever goes wrong with the cache, the loader is called.
    ///
    /// # Cancellation
    ///
    /// When a call is dropped, another call that waits takes over the load.
    pub async fn get(&self, key: &L::Key) -> Result<Option<L::Value>, L::Error> {
        let load = || self.load(key);
        let cache = self.cache.tagged::<&str>([]);
        let keep = self.policy.local.map(|_| Keep::clones::<Loaded<L>>());
        let handling = (self.same, keep);
        cache.one_owned::<Loaded<L>, _, _>(LoaderKey(key), &self.policy, handling, load).await
    }

    /// The values under `keys`, in their order. One call of [`Loader::load_many`] loads those that are not cached. As
    /// [`Cache::get_or_load_many_owned`].
    ///
    /// ```
    /// # use cache_runtime::{Cache, CacheKey, Loader, Policy, ReadThrough};
    /// # #[derive(Clone, PartialEq, Eq, Hash, CacheKey)]
    /// # #[cache_key("user:<id>")]
    /// # struct UserKey { id: u64 }
    /// # struct Users;
    /// # impl Loader for Users {
    /// #     type Key = UserKey;
    /// #     type Value = u64;
    /// #     type Error = std::io::Error;
    /// #     async fn load(&self, key: &UserKey) -> std::io::Result<Option<u64>> {
    /// #         Ok((key.id != 404).then_some(key.id * 10))
    /// #     }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
    /// # let users = ReadThrough::new(Cache::in_memory(), Policy::ttl(60), Users);
    /// let keys = [1, 404, 2].map(|id| UserKey { id });
    /// assert_eq!(users.get_many(&keys).await?, [Some(10), None, Some(20)]);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The error of the loader.
    pub async fn get_many(&self, keys: &[L::Key]) -> Result<Vec<Option<L::Value>>, L::Error> {
        let loader = Arc::clone(&self.loader);
        let load = |missing: Vec<L::Key>| async move { loader.load_many(&missing).await };
        let key = |key: &L::Key| LoaderKey(key.clone());
        let cache = self.cache.tagged::<&str>([]);
        let keep = self.policy.local.map(|_| Keep::clones::<Loaded<L>>());
        let many = cache.many_owned(keys, key, &self.policy, (self.same, keep), load);
        let values: HashMap<L::Key, L::Value> = many.await?;
        Ok(keys.iter().map(|key| values.get(key).cloned()).collect())
    }

    /// Loads and stores the value of `key`, whatever is cached: for a source that has changed without invalidating.
    ///
    /// The cached value is served until then, and stays if the load fails. Afterwards no cached value is older than
    /// this call: if a write or another load came between, the key is empty, and the next call loads.
    ///
    /// # Errors
    ///
    /// The error of the loader.
    pub async fn refresh(&self, key: &L::Key) -> Result<Option<L::Value>, L::Error> {
        let inner = &self.cache.inner;
        let counters = self.cache.counters(self.policy.name.unwrap_or_default());
        if transaction::is_within() {
            // What it loads may never be committed.
            past(&counters, &self.policy, NotStored::Transaction);
            self.invalidate(key).await;
            return self.loader.load(key).await;
        }
        let request = Request::new(inner, counters, self.policy, Vec::new());
        let (Some(request), Some(guard)) = (request, &inner.guard) else {
            return self.loader.load(key).await;
        };
        let stored = self.stored(key);
        let load = pin!(self.loader.load(key));
        let body = Attended::new(keep::<L::Value>, load);
        let same = self.same;
        let (output, replaced) = reload::<Loaded<L>, _>(request, stored.clone(), same, body).await;
        if !replaced {
            telemetry::log_unconfirmed("refresh", write::invalidate(inner, guard, stored).await);
        }
        output
    }

    /// Puts a value that the caller knows to be current under `key`: as [`Cache::put`], kept and encoded as the
    /// policy says. A value larger than [`Policy::max_bytes`] leaves the key empty.
    ///
    /// # Cancellation
    ///
    /// A call that is dropped halfway leaves a fence, under which nothing is stored for 10 s.
    pub async fn put(&self, key: &L::Key, value: &L::Value) {
        write::log_not_put(self.try_put(key, value).await);
    }

    /// As [`put`](ReadThrough::put), for a caller that has to know whether the value is stored: as [`Cache::try_put`].
    ///
    /// # Errors
    ///
    /// [`Error::Codec`] where the value cannot be encoded, or could not be decoded again; [`Error::Unavailable`] or
    /// [`Error::Refused`] where the store has not confirmed it in time. Then the key is invalidated.
    ///
    /// # Cancellation
    ///
    /// As [`put`](ReadThrough::put).
    pub async fn try_put(&self, key: &L::Key, value: &L::Value) -> Result<(), Error> {
        let inner = &self.cache.inner;
        let Some(guard) = &inner.guard else { return Ok(()) };
        // The write adds stamp and expiry to the header.
        let (stamp, encoding) = (Nonce([0; 16]), &self.policy.encoding);
        let same: Compare<'_, L::Value> = &|a, b| self.same.map(|same| same(a, b));
        let entry = codec::encode_verified(value, same, stamp, encoding, Meta::default());
        let entry = entry.map_err(Error::from);
        write::put(inner, guard, self.stored(key), Vec::new(), entry, &self.policy).await
    }

    /// Removes the value under `key`: as [`Cache::invalidate`].
    pub async fn invalidate(&self, key: &L::Key) {
        telemetry::log_unconfirmed("invalidate", self.try_invalidate(key).await);
    }

    /// As [`invalidate`](ReadThrough::invalidate), for a caller that has to know whether the store has confirmed it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Refused`] where the store has not confirmed it in time: other processes may
    /// serve the old value until it does.
    pub async fn try_invalidate(&self, key: &L::Key) -> Result<(), Error> {
        match &self.cache.inner.guard {
            Some(guard) => write::invalidate(&self.cache.inner, guard, self.stored(key)).await,
            None => Ok(()),
        }
    }

    /// Fences `keys` for a write that the caller commits: as [`Cache::fence`].
    pub async fn fence<'k>(&self, keys: impl IntoIterator<Item = &'k L::Key>) -> Fence {
        let keys = keys.into_iter().map(|key| self.stored(key)).collect();
        Fence::raise(&self.cache.inner, keys).await
    }

    /// The loader.
    pub fn loader(&self) -> &L {
        &self.loader
    }

    /// One load, which owns what it needs.
    fn load(
        &self,
        key: &L::Key,
    ) -> impl Future<Output = Result<Option<L::Value>, L::Error>> + Send + 'static {
        let (loader, key) = (Arc::clone(&self.loader), key.clone());
        async move { loader.load(&key).await }
    }

    /// The stored key.
    fn stored(&self, key: &L::Key) -> String {
        self.cache.key(self.policy.version, |out| out.key(key))
    }
}

/// The shape of what a loader returns.
type Loaded<L> = FallibleOptional<<L as Loader>::Value, <L as Loader>::Error>;

/// A key whose value type the [`Loader`] has already checked, so that the bound on `L::Key` need not be repeated for a
/// reference to it, or for the types that its value is stored as.
struct LoaderKey<K>(K);

impl<K: CacheKey> CacheKey for LoaderKey<K> {
    type Value = AnyValue;

    fn write_key(&self, out: &mut KeyWriter<'_>) {
        self.0.write_key(out);
    }
}

impl<L: Loader> Clone for ReadThrough<L> {
    fn clone(&self) -> Self {
        let ReadThrough { cache, policy, loader, same } = self;
        let (cache, loader) = (cache.clone(), Arc::clone(loader));
        ReadThrough { cache, policy: *policy, loader, same: *same }
    }
}

impl<L: Loader> fmt::Debug for ReadThrough<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadThrough")
            .field("cache", &self.cache)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
