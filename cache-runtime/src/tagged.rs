//! Reads without a macro, with or without tags, and with or without a load that can continue in the background.

mod compared;
mod many;
mod value_tags;

use std::{fmt, future::Future, pin::pin, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

pub use self::{compared::Compared, value_tags::ByValue};
use crate::{
    cache::{Cache, WithPolicy},
    codec::{self, Same},
    declared::{Identity, Role, ValueType},
    error::Error,
    keep::{Handling, Keep},
    key::{CacheKey, KeyOf},
    policy::Policy,
    read::{self, Attended, Owned, Request, Run, Wanted, keep as keep_always, past},
    return_shape::{Alone, ByArc, Fallible, Loaded, Shape},
    shared::{Direct, Tag},
    stats::{Counters, NotStored},
    transaction,
};

/// The shape of what is handed out in an `Arc`.
type InArc<T, E> = ByArc<Fallible<Arc<T>, E, Alone>>;

/// A cache whose entries carry tags: what [`Cache::tagged`] returns.
///
/// Each of its tags invalidates an entry. Readers have to name the same tags as the writer of the entry, in any order.
pub struct Tagged<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) tags: Vec<Tag>,
}

impl Cache {
    /// This cache, for entries that carry `tags`. [`invalidate_tags`](Cache::invalidate_tags) invalidates them all
    /// at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::{Cache, Policy};
    ///
    /// const USERS: Policy = Policy::ttl(3600).lock();
    ///
    /// let cache = Cache::in_memory();
    /// let tenant = cache.tagged(["tenant:7"]);
    /// let load = || async { Ok::<_, std::io::Error>("Ann".to_owned()) };
    /// let name = tenant.get_or_load("user:42", &USERS, load).await;
    /// assert_eq!(name.unwrap(), "Ann");
    /// assert_eq!(tenant.get::<String>("user:42").await?.as_deref(), Some("Ann"));
    /// # Ok(()) }
    /// ```
    pub fn tagged<T: CacheKey>(&self, tags: impl IntoIterator<Item = T>) -> Tagged<'_> {
        let tag = |tag| self.inner.direct_tag(|out| out.key(&tag));
        let tags = tags.into_iter().map(tag).collect();
        Tagged { cache: self, tags }
    }

    /// As [`get_or_load`](Cache::get_or_load), of a value that is handed out in an `Arc`. With [`Policy::local`], hits in
    /// this process get the same one, without a round trip and without decoding it. What `#[cached(local)]` does on a
    /// function that returns an `Arc`, without a macro.
    ///
    /// # Cancellation and panics
    ///
    /// As [`get_or_load`](Cache::get_or_load).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// use std::sync::Arc;
    /// use cache_runtime::{Cache, Policy};
    ///
    /// const MANIFEST: Policy = Policy::ttl(60).local();
    ///
    /// let cache = Cache::in_memory();
    /// let read = || tokio::fs::read_to_string("Cargo.toml");
    /// cache.get_or_load_arc("manifest", &MANIFEST, read).await?; // loads
    /// let one = cache.get_or_load_arc("manifest", &MANIFEST, read).await?;
    /// let other = cache.get_or_load_arc("manifest", &MANIFEST, read).await?;
    /// assert!(Arc::ptr_eq(&one, &other));
    /// # Ok(()) }
    /// ```
    pub async fn get_or_load_arc<T, E, F, Fut>(
        &self,
        key: impl KeyOf<T>,
        policy: &Policy,
        load: F,
    ) -> Result<Arc<T>, E>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        self.tagged::<&str>([]).get_or_load_arc(key, policy, load).await
    }

    /// As [`get_or_load`](Cache::get_or_load), with a load that owns what it needs, so that it can continue in the
    /// background. `stale_while_revalidate`, `refresh_ahead` and `soft_timeout` need this.
    ///
    /// # Cancellation and panics
    ///
    /// As [`get_or_load`](Cache::get_or_load). A load in the background continues when its caller is dropped. If it
    /// panics, the next call that would refresh the value tries again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::io::Error> {
    /// use cache_runtime::{Cache, Policy};
    ///
    /// const MANIFEST: Policy = Policy::ttl(60).stale_while_revalidate(600);
    ///
    /// let cache = Cache::in_memory();
    /// let path = "Cargo.toml".to_owned();
    /// let manifest = cache
    ///     .get_or_load_owned("manifest", &MANIFEST, || tokio::fs::read_to_string(path))
    ///     .await?;
    /// assert!(manifest.contains("[package]"));
    /// # Ok(()) }
    /// ```
    pub async fn get_or_load_owned<O, F, Fut>(
        &self,
        key: impl KeyOf<<O::Shape as Shape>::Value>,
        policy: &Policy,
        load: F,
    ) -> O
    where
        O: Loaded + Send + 'static,
        O::Shape: 'static,
        <O::Shape as Shape>::Stored: Serialize + DeserializeOwned + Send,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O> + Send + 'static,
    {
        self.tagged::<&str>([]).get_or_load_owned(key, policy, load).await
    }
}

impl Tagged<'_> {
    /// As [`Cache::get`].
    ///
    /// # Errors
    ///
    /// As [`Cache::get`].
    pub async fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, Error> {
        let uncounted = self.cache.inner.registry.uncounted();
        let call = Direct { value: None, ..self.reads::<T>(&Policy::UNSET, "get") };
        self.look(key, &call, &Policy::UNSET, uncounted).await
    }

    /// The value under `key`, as readers with this policy have it.
    async fn look<T: DeserializeOwned>(
        &self,
        key: impl CacheKey,
        call: &Direct<'_>,
        policy: &Policy,
        counters: Arc<Counters>,
    ) -> Result<Option<T>, Error> {
        let (key, id) = self.cache.inner.direct_key(call, |out| out.key(&key));
        let Some(request) = self.request(policy, counters, id) else { return Ok(None) };
        let entry = read::peek(&request, key).await?;
        entry.map(|entry| codec::decode(&entry, &request.encoding())).transpose()
    }

    /// As [`Cache::get_or_load`].
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
        self.one(key, policy, None, load).await
    }

    /// As [`Cache::get_or_load`], with what compares values.
    async fn one<O, F, Fut>(
        &self,
        key: impl CacheKey,
        policy: &Policy,
        same: Same<<O::Shape as Shape>::Value>,
        load: F,
    ) -> O
    where
        O: Loaded,
        <O::Shape as Shape>::Stored: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
    {
        let call = self.reads::<<O::Shape as Shape>::Value>(policy, "get_or_load");
        let (key, id) = self.cache.inner.direct_key(&call, |out| out.key(&key));
        let request = self.request(policy, self.cache.counters(call.function), id);
        // Pinned here, so that the futures below hold a reference and not a copy each.
        let load = pin!(async { load().await });
        let body = Attended::new(keep_always::<<O::Shape as Shape>::Value>, load);
        Run::<O::Shape, _>::new(request, key, false, body).same(same).await
    }

    /// As [`Cache::get_or_load_owned`].
    pub async fn get_or_load_owned<O, F, Fut>(
        &self,
        key: impl KeyOf<<O::Shape as Shape>::Value>,
        policy: &Policy,
        load: F,
    ) -> O
    where
        O: Loaded + Send + 'static,
        O::Shape: 'static,
        <O::Shape as Shape>::Stored: Serialize + DeserializeOwned + Send,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O> + Send + 'static,
    {
        self.one_owned::<O::Shape, _, _>(key, policy, (None, None), load).await
    }

    /// As [`Cache::get_or_load_owned`], with what compares values, of whatever shape.
    pub(crate) async fn one_owned<S, F, Fut>(
        &self,
        key: impl CacheKey,
        policy: &Policy,
        (same, keep): Handling<S::Value, S::Stored>,
        load: F,
    ) -> S::Output
    where
        S: Shape + 'static,
        S::Output: Send + 'static,
        S::Stored: Serialize + DeserializeOwned + Send,
        F: FnOnce() -> Fut,
        Fut: Future<Output = S::Output> + Send + 'static,
    {
        let call = self.reads::<S::Value>(policy, "get_or_load_owned");
        let (key, id) = self.cache.inner.direct_key(&call, |out| out.key(&key));
        let counters = self.cache.counters(call.function);
        let local = keep.and_then(|keep| self.local((&key, id), policy, keep, &counters));
        let load = || Cache::in_same_scope(Box::pin(load()));
        let body = Owned::new(keep_always::<S::Value>, load);
        match local {
            Some(value) => Run::<S, _>::answered(value, body).await,
            None => {
                let request = self.request(policy, counters, id);
                Run::<S, _>::new(request, key, true, body).same(same).keeping(keep).await
            }
        }
    }

    /// As [`Cache::write_through`].
    pub async fn write_through<O, F, Fut>(
        &self,
        key: impl KeyOf<<O::Shape as Shape>::Value>,
        policy: &Policy,
        write: F,
    ) -> O
    where
        O: Loaded,
        <O::Shape as Shape>::Value: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
    {
        self.cache.write_tagged(key, &self.tags, policy, None, write).await
    }

    /// What a call is that reads values of this type.
    fn reads<V: ?Sized>(&self, policy: &Policy, operation: &'static str) -> Direct<'_> {
        Direct {
            function: policy.name.unwrap_or(operation),
            role: Role::Reads,
            version: policy.version,
            value: Some(ValueType::of::<V>(policy.encoding.fingerprint)),
            tags: &self.tags,
        }
    }

    /// As [`Cache::get_or_load_arc`].
    pub async fn get_or_load_arc<T, E, F, Fut>(
        &self,
        key: impl KeyOf<T>,
        policy: &Policy,
        load: F,
    ) -> Result<Arc<T>, E>
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let call = self.reads::<T>(policy, "get_or_load_arc");
        let (key, id) = self.cache.inner.direct_key(&call, |out| out.key(&key));
        let counters = self.cache.counters(call.function);
        let keep = policy.local.map(|_| Keep::clones::<InArc<T, E>>());
        let local = keep.and_then(|keep| self.local((&key, id), policy, keep, &counters));
        let load = pin!(async { load().await.map(Arc::new) });
        let body = Attended::new(keep_always::<T>, load);
        match local {
            Some(value) => Run::<InArc<T, E>, _>::answered(value, body).await,
            None => {
                let request = self.request(policy, counters, id);
                Run::<InArc<T, E>, _>::new(request, key, false, body).keeping(keep).await
            }
        }
    }

    /// The value under `key`, if this process holds it decoded.
    fn local<T>(
        &self,
        (key, id): (&str, Identity),
        policy: &Policy,
        keep: Keep<T>,
        counters: &Counters,
    ) -> Option<T> {
        let inner = &self.cache.inner;
        let guard = inner.guard.as_ref().filter(|_| !transaction::is_within())?;
        let mut encoding = policy.encoding;
        encoding.fingerprint = inner.declared.fingerprint(id, encoding.fingerprint);
        let tags: Vec<String> = self.tags.iter().map(|tag| tag.name.clone()).collect();
        let wanted = Wanted { inner, guard, policy, encoding: &encoding, key, tags: &tags };
        wanted.hit(keep, counters)
    }

    /// What a call asks for; none where the cache is disabled, and in a transaction.
    fn request(&self, policy: &Policy, counters: Arc<Counters>, id: Identity) -> Option<Request> {
        if transaction::is_within() {
            past(&counters, policy, NotStored::Transaction);
            return None;
        }
        let inner = &self.cache.inner;
        let mut policy = *policy;
        policy.encoding.fingerprint = inner.declared.fingerprint(id, policy.encoding.fingerprint);
        let tags = self.tags.iter().map(|tag| tag.name.clone()).collect();
        Request::new(inner, counters, policy, tags)
    }
}

impl WithPolicy<'_> {
    /// The value under `key`, as functions with this policy have it: as [`Cache::get`].
    ///
    /// # Errors
    ///
    /// As [`Cache::get`]. With [`Policy::value`], values of any codec can be read.
    pub async fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, Error> {
        let tagged = Tagged { cache: self.cache, tags: self.tags.clone() };
        let call = tagged.reads::<T>(&self.policy, "get");
        tagged.look(key, &call, &self.policy, self.cache.inner.registry.uncounted()).await
    }
}

impl fmt::Debug for Tagged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tagged").field("cache", &self.cache).field("tags", &self.tags).finish()
    }
}
