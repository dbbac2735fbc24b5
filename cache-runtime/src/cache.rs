//! The cache handle and its direct operations.

mod declarations;
mod detours;
mod shutdown;
mod with_policy;
mod writes;

pub use self::with_policy::WithPolicy;

use std::{fmt, future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec,
    declared::Role,
    encoding::Encoding,
    error::Error,
    key::{self, CacheKey, KeyOf, KeyWriter},
    policy::Policy,
    return_shape::{Loaded, Shape},
    shared::{Direct, Inner},
    stats::{Counters, Stats},
    telemetry,
    time::{self, IntoTtl},
    write::{self, Fence},
    write_behind::WriteBehind,
};

/// A cache: a store, with the loads and counters of this process.
///
/// Cloning is cheap, and clones are the same cache. Two caches on one server share their entries, but
/// neither loads nor counters, so a process should have only one.
#[derive(Clone)]
pub struct Cache {
    pub(crate) inner: Arc<Inner>,
}

impl Cache {
    /// The value under `key`, if there is one that is a `T`.
    ///
    /// A remembered `None` is a value: `get::<Option<T>>` returns `Some(None)` for it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer in time; [`Error::Codec`] where the entry
    /// is not a `T`, and where [`Codec::Postcard`](crate::Codec::Postcard) wrote it: only the fingerprint of `T` can tell
    /// whether the entry is a `T`, and this call, unlike a [`Policy`], has none.
    pub async fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, Error> {
        self.tagged::<&str>([]).get(key).await
    }

    /// Puts a value that the caller knows to be current under `key`.
    ///
    /// A load that began before is not stored over it. While a fenced write of the key is under way, neither value
    /// stays. The last `put` wins, whatever the order of commits: where a row has several writers, invalidate instead, or
    /// [`fence`](Cache::fence) the key before the commit. A `ttl` of zero stores nothing.
    ///
    /// It cannot fail, since it follows a commit. A value that is not stored, because it cannot be encoded or the store does
    /// not answer, invalidates the key instead, as [`invalidate`](Cache::invalidate) does, and is logged. Use
    /// [`try_put`](Cache::try_put) to know.
    ///
    /// # Cancellation
    ///
    /// A call that is dropped halfway leaves a fence, under which nothing is stored for 10 s.
    pub async fn put<T: Serialize + ?Sized>(
        &self,
        key: impl KeyOf<T>,
        value: &T,
        ttl: impl IntoTtl,
    ) {
        write::log_not_put(self.try_put(key, value, ttl).await);
    }

    /// As [`put`](Cache::put), for a caller that has to know whether the value is stored.
    ///
    /// # Errors
    ///
    /// [`Error::Codec`] where the value cannot be encoded; [`Error::Unavailable`] or [`Error::Refused`] where the store has
    /// not confirmed it in time. Then the key is invalidated, as by [`invalidate`](Cache::invalidate).
    ///
    /// # Cancellation
    ///
    /// As [`put`](Cache::put).
    pub async fn try_put<T: Serialize + ?Sized>(
        &self,
        key: impl KeyOf<T>,
        value: &T,
        ttl: impl IntoTtl,
    ) -> Result<(), Error> {
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        let entry = codec::encode(value, time::nonce(), &Encoding::DEFAULT, codec::Meta::default());
        let role = Role::Stores;
        let call = Direct { function: "put", role, version: None, value: None, tags: &[] };
        let (key, _) = self.inner.direct_key(&call, |out| out.key(&key));
        let policy = Policy { ttl: ttl.into_ttl(), ..Policy::UNSET };
        write::put(&self.inner, guard, key, Vec::new(), entry, &policy).await
    }

    /// Removes the value under `key`, and revokes the leases of all loads under way, so that none of them is stored.
    ///
    /// Call it after the write has been committed, for each of its keys, whatever happened to the others: a `?`
    /// between two calls would skip the second key. A process that dies between the commit and this call leaves the old
    /// value in the cache; with a [`fence`](Cache::fence) it does not.
    ///
    /// It cannot fail, since it follows a commit. An invalidation that the store does not confirm in time is logged, and is
    /// pending: it is sent again in the background, other processes may serve the old value until the store confirms it,
    /// and this process does not. Use [`try_invalidate`](Cache::try_invalidate) to know.
    ///
    /// # Cancellation
    ///
    /// A call that is dropped halfway leaves the invalidation pending.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// cache.invalidate("user:42").await;
    /// # }
    /// ```
    pub async fn invalidate(&self, key: impl CacheKey) {
        telemetry::log_unconfirmed("invalidate", self.try_invalidate(key).await);
    }

    /// As [`invalidate`](Cache::invalidate), for a caller that has to know whether the store has confirmed it. The caller's
    /// write is committed either way: do not answer it with this error.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Refused`] where the store has not confirmed it in time. Then the invalidation
    /// is pending.
    ///
    /// # Cancellation
    ///
    /// As [`invalidate`](Cache::invalidate).
    pub async fn try_invalidate(&self, key: impl CacheKey) -> Result<(), Error> {
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        let call = Direct::invalidates("invalidate", None);
        let (key, _) = self.inner.direct_key(&call, |out| out.key(&key));
        write::invalidate(&self.inner, guard, key).await
    }

    /// The value under `key`, or the result of `load`, which is stored as `policy` says: what `#[cached]`
    /// does, without a macro.
    ///
    /// The loader returns a `Result` or an `Option`; an `Err` is never stored, and a `None` only with
    /// [`Policy::negative_ttl`]. Whatever goes wrong with the cache, the call returns the loader's result.
    ///
    /// # Cancellation and panics
    ///
    /// When a call is dropped or its loader panics, another call that waits takes over the load.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// use cache_runtime::{Cache, Policy};
    ///
    /// const MANIFEST: Policy = Policy::ttl(60).lock();
    ///
    /// let cache = Cache::in_memory();
    /// let manifest = cache
    ///     .get_or_load("manifest", &MANIFEST, || tokio::fs::read_to_string("Cargo.toml"))
    ///     .await?;
    /// assert!(manifest.contains("[package]"));
    /// # Ok(()) }
    /// ```
    pub async fn get_or_load<O, F, Fut>(
        &self,
        key: impl KeyOf<<O::Shape as Shape>::Value>,
        policy: &Policy,
        load: F,
    ) -> O
    where
        O: Loaded,
        <O::Shape as Shape>::Stored: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
    {
        self.tagged::<&str>([]).get_or_load(key, policy, load).await
    }

    /// Fences `keys` for a write that the caller commits: until [`Fence::settle`], no process serves a cached value of
    /// them, and no load can store one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// let fence = cache.fence(["account:1", "account:2"]).await;
    /// // … move the money, and commit …
    /// fence.settle().await;
    /// # Ok(()) }
    /// ```
    ///
    /// A store that cannot be reached does not stop the write: see [`Fence::stands`].
    pub async fn fence<K: CacheKey>(&self, keys: impl IntoIterator<Item = K>) -> Fence {
        let call = Direct::invalidates("fence", None);
        let stored = |key| self.inner.direct_key(&call, |out| out.key(&key)).0;
        let keys = keys.into_iter().map(stored).collect();
        Fence::raise(&self.inner, keys).await
    }

    /// Invalidates every entry of this cache's namespace, in constant time: all of them carry the namespace's stamp,
    /// and this removes the stamp.
    ///
    /// All caches of the namespace see it at once, in every process. No load that began before is stored. The old entries
    /// take memory until they expire.
    ///
    /// It cannot fail, as [`invalidate`](Cache::invalidate) cannot. A cache without a namespace has nothing that could be
    /// flushed, and logs that as an error. Use [`try_flush_namespace`](Cache::try_flush_namespace) to know.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::Cache;
    ///
    /// let cache = Cache::builder().namespace("shop").build().await?;
    /// cache.put("greeting", "hello", 60).await;
    /// assert_eq!(cache.get::<String>("greeting").await?.as_deref(), Some("hello"));
    /// cache.flush_namespace().await;
    /// assert_eq!(cache.get::<String>("greeting").await?, None);
    /// # Ok(()) }
    /// ```
    pub async fn flush_namespace(&self) {
        match self.try_flush_namespace().await {
            Err(error @ Error::Config(_)) => tracing::error!(%error, "nothing was flushed"),
            confirmed => telemetry::log_unconfirmed("flush_namespace", confirmed),
        }
    }

    /// As [`flush_namespace`](Cache::flush_namespace), for a caller that has to know whether the store has confirmed it.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a cache without a namespace; [`Error::Unavailable`] or [`Error::Refused`] where the store has
    /// not confirmed it in time. Then the invalidation is pending, as that of [`invalidate`](Cache::invalidate).
    pub async fn try_flush_namespace(&self) -> Result<(), Error> {
        let Some(tag) = self.inner.namespace_tag.as_deref() else {
            return Err(Error::Config(
                "the cache has no namespace to flush: build it with `.namespace(\"…\")`".into(),
            ));
        };
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        write::invalidate(&self.inner, guard, tag.to_owned()).await
    }

    /// The queue named `queue`, whose values are readable at once and reach the database later, in batches: see
    /// [`WriteBehind`].
    ///
    /// The name is part of a key of the store, and must not change while there are writes in the queue. `policy` is the
    /// policy of the readers: it gives the key's version, the codec, and the ttl of a value once it is in the database.
    ///
    /// # Panics
    ///
    /// Where the name is empty, or contains white space or control characters.
    pub fn write_behind<T>(&self, queue: &str, policy: &Policy) -> WriteBehind<T>
    where
        T: Serialize + DeserializeOwned,
    {
        WriteBehind::new(&self.inner, queue, *policy, "write_behind")
    }

    /// Keeps local copies over a server from now on, or keeps none and drops those that there are. Functions with `local` work
    /// either way. Nothing happens on an embedded store, whose values are in this process anyway.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let cache = cache_runtime::Cache::in_memory();
    /// cache.switch_local(false);
    /// # }
    /// ```
    pub fn switch_local(&self, on: bool) {
        if let Some(guard) = &self.inner.guard {
            guard.store().switch_local(on);
        }
    }

    /// The statistics of the functions on this cache, and of its store.
    pub fn stats(&self) -> Stats {
        let mut stats = self.inner.registry.snapshot();
        if let Some(guard) = &self.inner.guard {
            (stats.store.copies, stats.store.copy_bytes) = guard.store().copies();
        }
        stats
    }

    /// The stored text of a key.
    pub(crate) fn key(
        &self,
        version: Option<u32>,
        write: impl FnOnce(&mut KeyWriter<'_>),
    ) -> String {
        key::stored(self.inner.namespace.as_deref(), version, write)
    }

    /// The stored text of a tag.
    pub(crate) fn tag(&self, write: impl FnOnce(&mut KeyWriter<'_>)) -> String {
        self.inner.tag(write)
    }

    pub(crate) fn counters(&self, name: &'static str) -> Arc<Counters> {
        self.inner.registry.counters(name)
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("store", &self.inner.description)
            .field("namespace", &self.inner.namespace)
            .finish_non_exhaustive()
    }
}
