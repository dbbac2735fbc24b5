//! Writes without a macro: write-through, and fences and invalidations of tags.

use std::{future::Future, pin::pin, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::Cache;
use crate::{
    codec::Same,
    declared::{Role, ValueType},
    error::Error,
    key::{CacheKey, KeyOf},
    policy::Policy,
    return_shape::{Loaded, Shape},
    shared::{Direct, Tag},
    stats::NotStored,
    telemetry, transaction,
    write::{self, Fence, Leave, Stores, Through},
};

impl Cache {
    /// Runs `write` under a fence of `key`, and stores the value that it returns: what `#[write_through]` does, without
    /// a macro.
    ///
    /// From before `write` begins until the value is stored, every reader of the key loads from the database and stores
    /// nothing. `write` returns the value that the database now holds, and it is stored as `policy` says, but only if no
    /// other writer of the key overlapped: with two writers nobody knows whose commit came last, so the next read loads.
    /// An `Err` stores nothing, since it may hide a commit, and neither does a `None`.
    ///
    /// `write` returns a `Result` or an `Option`. Whatever goes wrong with the cache, the call returns its result. If
    /// the write makes other keys or tags stale, [fence](Cache::fence) them around this call.
    ///
    /// # Cancellation and panics
    ///
    /// When a call is dropped or its `write` panics, the fence stays, since the write may have been committed: nothing is
    /// stored under the key until the fence expires (10 s by default).
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, Policy};
    ///
    /// const SCORES: Policy = Policy::ttl(3600);
    ///
    /// let cache = Cache::in_memory();
    /// // Begin, change and commit in here, and return what was committed.
    /// let saved = cache.write_through("score:7", &SCORES, || async { Ok::<_, String>(42) }).await;
    /// assert_eq!(saved, Ok(42));
    /// assert_eq!(cache.get("score:7").await, Ok(Some(42)));
    /// # }
    /// ```
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
        self.write_tagged(key, &[], policy, None, write).await
    }

    /// Writes through an entry that carries `tags`.
    pub(crate) async fn write_tagged<O, F, Fut>(
        &self,
        key: impl CacheKey,
        tags: &[Tag],
        policy: &Policy,
        same: Same<<O::Shape as Shape>::Value>,
        write: F,
    ) -> O
    where
        O: Loaded,
        <O::Shape as Shape>::Value: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
    {
        let inner = &self.inner;
        let Some(guard) = &inner.guard else { return write().await };
        let call = Direct {
            function: policy.name.unwrap_or("write_through"),
            role: Role::Stores,
            version: policy.version,
            value: Some(ValueType::of::<<O::Shape as Shape>::Value>(policy.encoding.fingerprint)),
            tags,
        };
        let (key, id) = inner.direct_key(&call, |out| out.key(&key));
        let counters = self.counters(call.function);
        let stores = match transaction::is_within() {
            true => Stores::Not(NotStored::Transaction),
            false => Stores::Value,
        };
        let leave = Leave::new(inner, &counters, policy, id, stores);
        let tags = tags.iter().map(|tag| tag.name.clone()).collect();
        let (key, fences) = (Some(key), Vec::new());
        let (counters, hold) = (&counters, Duration::ZERO);
        let through = Through { inner, guard, counters, policy, key, fences, tags, hold };
        // Pinned here, so that the futures below hold a reference and not a copy each.
        let body = pin!(async { write().await });
        let value = |value: &_, leave: &mut Leave| leave.value(value, same);
        write::writes::<O::Shape, _, _>(through, leave, None, value, body).await
    }

    /// Invalidates every entry that carries one of `tags`, in one round trip, however many entries there are.
    ///
    /// As with [`invalidate`](Cache::invalidate), call it after the write has been committed. A process that dies between
    /// the commit and this call leaves the old values in the cache; with [`fence_tags`](Cache::fence_tags) it does not.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// cache.invalidate_tags(["tenant:7", "plans"]).await;
    /// # Ok(()) }
    /// ```
    ///
    /// It cannot fail, as [`invalidate`](Cache::invalidate) cannot. Use [`try_invalidate_tags`](Cache::try_invalidate_tags)
    /// to know whether the store has confirmed it.
    ///
    /// # Cancellation
    ///
    /// A call that is dropped halfway leaves the invalidations pending.
    pub async fn invalidate_tags<K: CacheKey>(&self, tags: impl IntoIterator<Item = K>) {
        telemetry::log_unconfirmed("invalidate_tags", self.try_invalidate_tags(tags).await);
    }

    /// As [`invalidate_tags`](Cache::invalidate_tags), for a caller that has to know whether the store has confirmed it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Refused`] where the store has not confirmed one of them in time, although all
    /// of them were sent. Then that invalidation is pending, as that of [`invalidate`](Cache::invalidate).
    ///
    /// # Cancellation
    ///
    /// As [`invalidate_tags`](Cache::invalidate_tags).
    pub async fn try_invalidate_tags<K: CacheKey>(
        &self,
        tags: impl IntoIterator<Item = K>,
    ) -> Result<(), Error> {
        let Some(guard) = &self.inner.guard else { return Ok(()) };
        let tags = self.stale_tags("invalidate_tags", tags);
        write::invalidate_all(&self.inner, guard, tags).await
    }

    /// Fences `tags` for a write that the caller commits: until [`Fence::settle`], no process serves an entry that
    /// carries one of them, and no load can store one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// let fence = cache.fence_tags(["tenant:7"]).await;
    /// // … change whatever belongs to the tenant, and commit …
    /// fence.settle().await;
    /// # Ok(()) }
    /// ```
    ///
    /// If a write makes single keys stale as well, raise both fences at once, with `tokio::join!`, and settle both.
    /// A store that cannot be reached does not stop the write: see [`Fence::stands`].
    pub async fn fence_tags<K: CacheKey>(&self, tags: impl IntoIterator<Item = K>) -> Fence {
        let tags = self.stale_tags("fence_tags", tags);
        Fence::raise(&self.inner, tags).await
    }

    fn stale_tags<K: CacheKey>(
        &self,
        function: &'static str,
        tags: impl IntoIterator<Item = K>,
    ) -> Vec<String> {
        let stored = |tag| self.inner.direct_stale_tag(function, |out| out.key(&tag));
        tags.into_iter().map(stored).collect()
    }
}
