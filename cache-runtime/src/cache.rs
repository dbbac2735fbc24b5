//! The cache handle and its direct operations.

mod shutdown;
mod writes;

use std::{fmt, future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    codec,
    encoding::Encoding,
    error::Error,
    key::{self, CacheKey, KeyOf, KeyWriter},
    policy::Policy,
    return_shape::{Loaded, Shape},
    shared::Inner,
    stats::{Counters, Stats},
    time::{self, IntoTtl},
    write::{self, Fence},
    write_behind::WriteBehind,
};

/// A cache: a store, and the flights and counters of this process on it.
///
/// Cloning is cheap, and clones are the same cache. Two caches on one server share their entries, but
/// neither loads nor counters, so a process wants one.
#[derive(Clone)]
pub struct Cache {
    pub(crate) inner: Arc<Inner>,
}

impl Cache {
    /// The value under `key`, if there is one that is a `T`.
    ///
    /// A remembered `None` is a value: `get::<Option<T>>` answers `Some(None)` for it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store does not answer in time; [`Error::Codec`] where the entry
    /// is not a `T`, and where it was written by [`Codec::Postcard`](crate::Codec::Postcard): whether it is one
    /// cannot be told without the fingerprint of `T`, which a [`Policy`] has and this call has not.
    pub async fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, Error> {
        self.tagged::<&str>([]).get(key).await
    }

    /// Puts a value that the caller knows to be current under `key`.
    ///
    /// Loads that began before are not stored over it, and where a fenced write of the key is at work,
    /// neither value stays. The last `put` wins: where several writers of a row put what they have
    /// committed, the order of their commits is not known here, so invalidate instead, or
    /// [`fence`](Cache::fence) the key before the commit. A `ttl` of zero stores nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Codec`] where the value cannot be written, and nothing has happened;
    /// [`Error::Unavailable`] where the store does not answer in time.
    ///
    /// # Cancellation
    ///
    /// Dropped halfway, it leaves a fence under which nothing is stored for 10 s.
    pub async fn put<T: Serialize + ?Sized>(
        &self,
        key: impl KeyOf<T>,
        value: &T,
        ttl: impl IntoTtl,
    ) -> Result<(), Error> {
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        let entry =
            codec::encode(value, time::nonce(), &Encoding::DEFAULT, codec::Meta::default())?;
        let key = self.key(None, |out| out.key(&key));
        let policy = Policy { ttl: ttl.into_ttl(), ..Policy::UNSET };
        write::put(&self.inner, guard, key, entry, &policy).await
    }

    /// Removes what is under `key`, and takes from every load that is under way the right to store there.
    ///
    /// Call it after the write has been committed, for each of its keys whatever came of the others: a `?`
    /// between two calls would leave the second key as it was. A process that dies between the two leaves the old
    /// value behind; [`fence`](Cache::fence) does not.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Refused`] where the store has not confirmed it in time: other processes may
    /// serve the old value until it has. It is told again in the background, and this process does not serve the old
    /// value meanwhile.
    pub async fn invalidate(&self, key: impl CacheKey) -> Result<(), Error> {
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        write::invalidate(guard, self.key(None, |out| out.key(&key))).await
    }

    /// The value under `key`, or what `load` returns, which is stored as `policy` says: what `#[cached]`
    /// does, without a macro.
    ///
    /// The loader returns a `Result` or an `Option`; an `Err` is never stored, and a `None` only with
    /// [`Policy::negative_ttl`]. Whatever goes wrong with the cache, the loader's answer is returned.
    ///
    /// # Cancellation and panics
    ///
    /// A call that is dropped, or whose loader panics, hands the load to another call that waits for it.
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

    /// Fences `keys` for a write that the caller commits: until [`Fence::settle`], no cached copy of them
    /// is served anywhere, and no load can store one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// let fence = cache.fence(["account:1", "account:2"]).await;
    /// // … move the money, and commit …
    /// fence.settle().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// A store that cannot be reached does not keep the write from going ahead: see
    /// [`Fence::stands`].
    pub async fn fence<K: CacheKey>(&self, keys: impl IntoIterator<Item = K>) -> Fence {
        let keys = keys.into_iter().map(|key| self.key(None, |out| out.key(&key))).collect();
        Fence::raise(&self.inner, keys).await
    }

    /// Ends every entry of this cache's namespace, in constant time: all of them carry the namespace's stamp,
    /// and it is taken away.
    ///
    /// Caches of the same namespace see it at once, in whatever process. What was loaded before is stored by
    /// nobody. The old entries take room until they expire.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a cache without a namespace; [`Error::Unavailable`] where the store does not
    /// confirm it in time: other processes may serve the old entries until it has. It is told again in the
    /// background, and this process does not serve them meanwhile.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::Cache;
    ///
    /// let cache = Cache::builder().namespace("shop").build().await?;
    /// cache.put("greeting", "hello", 60).await?;
    /// assert_eq!(cache.get::<String>("greeting").await?.as_deref(), Some("hello"));
    /// cache.flush_namespace().await?;
    /// assert_eq!(cache.get::<String>("greeting").await?, None);
    /// # Ok(()) }
    /// ```
    pub async fn flush_namespace(&self) -> Result<(), Error> {
        let Some(tag) = self.inner.namespace_tag.as_deref() else {
            return Err(Error::Config(
                "the cache has no namespace to flush: build it with `.namespace(\"…\")`".into(),
            ));
        };
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        write::invalidate(guard, tag.to_owned()).await
    }

    /// A queue by the name of `queue`, whose values are readable at once and reach the database later, in
    /// batches: see [`WriteBehind`].
    ///
    /// The name is part of a key of the store, and has to stay the same for as long as there are writes in the
    /// queue. `policy` is that of the readers, for the key's version, the codec, and the time for which a value
    /// is kept once it is in the database.
    ///
    /// # Panics
    ///
    /// Where the name is empty, or has white space or control characters in it.
    pub fn write_behind<T>(&self, queue: &str, policy: &Policy) -> WriteBehind<T>
    where
        T: Serialize + DeserializeOwned,
    {
        WriteBehind::new(&self.inner, queue, *policy, "write_behind")
    }

    /// What the functions on this cache have done so far.
    pub fn stats(&self) -> Stats {
        self.inner.registry.snapshot()
    }

    /// The text under which a key is stored in this cache.
    pub(crate) fn key(
        &self,
        version: Option<u32>,
        write: impl FnOnce(&mut KeyWriter<'_>),
    ) -> String {
        key::stored(self.inner.namespace.as_deref(), version, write)
    }

    /// The text under which a tag is stored in this cache.
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
