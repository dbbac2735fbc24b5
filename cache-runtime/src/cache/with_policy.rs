//! Direct operations under a policy: its version, its codec, its fingerprint; and with tags.

use std::fmt;

use serde::Serialize;

use super::Cache;
use crate::{
    codec::{self, Meta},
    declared::{Role, ValueType},
    error::Error,
    key::{CacheKey, KeyOf},
    policy::Policy,
    shared::{Direct, Tag},
    telemetry, time,
    write::{self, Fence},
};

/// A cache under a policy: what [`Cache::with`] returns.
pub struct WithPolicy<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) policy: Policy,
    pub(crate) tags: Vec<Tag>,
}

impl Cache {
    /// This cache, for entries of functions with `policy`: their version is part of each key, and values are kept and encoded
    /// as it says.
    ///
    /// Without it, [`fence`](Cache::fence), [`invalidate`](Cache::invalidate), [`put`](Cache::put) and [`get`](Cache::get) use
    /// keys without a version, which readers with `version = 2` never look at.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// use cache_runtime::{Cache, Policy, cached};
    ///
    /// const USERS: Policy = Policy::ttl(3600).version(2);
    ///
    /// #[cached(key = "user:<id>", policy = USERS, tags = ["tenant:<tenant>"], skip(tenant))]
    /// async fn name(id: u64, tenant: u64) -> String { format!("user {id}") }
    ///
    /// # let cache = Cache::in_memory();
    /// # cache.scope(async {
    /// name(42, 7).await;
    /// let users = cache.with(&USERS);
    /// let fence = users.fence(["user:42"]).await;
    /// // … write, and commit …
    /// fence.settle().await;
    /// users.tagged(["tenant:7"]).put("user:42", "Ann").await;
    /// assert_eq!(name(42, 7).await, "Ann"); // a hit
    /// # }).await;
    /// # Ok(()) }
    /// ```
    pub fn with(&self, policy: &Policy) -> WithPolicy<'_> {
        WithPolicy { cache: self, policy: *policy, tags: Vec::new() }
    }
}

impl WithPolicy<'_> {
    /// The same, for entries that carry `tags`: those that their readers name, in any order.
    pub fn tagged<T: CacheKey>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        let tag = |tag| self.cache.inner.direct_tag(|out| out.key(&tag));
        self.tags.extend(tags.into_iter().map(tag));
        self
    }

    /// Puts a value under `key`, for the ttl of the policy: as [`Cache::put`].
    ///
    /// # Cancellation
    ///
    /// As [`Cache::put`].
    pub async fn put<T: Serialize + ?Sized>(&self, key: impl KeyOf<T>, value: &T) {
        write::log_not_put(self.try_put(key, value).await);
    }

    /// As [`put`](WithPolicy::put), for a caller that has to know whether the value is stored: as [`Cache::try_put`].
    ///
    /// # Errors
    ///
    /// As [`Cache::try_put`].
    ///
    /// # Cancellation
    ///
    /// As [`Cache::put`].
    pub async fn try_put<T: Serialize + ?Sized>(
        &self,
        key: impl KeyOf<T>,
        value: &T,
    ) -> Result<(), Error> {
        let Some(guard) = &self.cache.inner.guard else { return Ok(()) };
        let mut policy = self.policy;
        let call = Direct {
            role: Role::Stores,
            value: Some(ValueType::of::<T>(policy.encoding.fingerprint)),
            tags: &self.tags,
            ..self.stale("put")
        };
        let (key, id) = self.cache.inner.direct_key(&call, |out| out.key(&key));
        let encoding = &mut policy.encoding;
        encoding.fingerprint = self.cache.inner.declared.fingerprint(id, encoding.fingerprint);
        let entry = codec::encode(value, time::nonce(), encoding, Meta::default());
        let tags = self.tags.iter().map(|tag| tag.name.clone()).collect();
        write::put(&self.cache.inner, guard, key, tags, entry, &policy).await
    }

    /// Removes the value under `key`: as [`Cache::invalidate`].
    ///
    /// # Cancellation
    ///
    /// As [`Cache::invalidate`].
    pub async fn invalidate(&self, key: impl CacheKey) {
        telemetry::log_unconfirmed("invalidate", self.try_invalidate(key).await);
    }

    /// As [`invalidate`](WithPolicy::invalidate), for a caller that has to know whether the store has confirmed it: as
    /// [`Cache::try_invalidate`].
    ///
    /// # Errors
    ///
    /// As [`Cache::try_invalidate`].
    ///
    /// # Cancellation
    ///
    /// As [`Cache::invalidate`].
    pub async fn try_invalidate(&self, key: impl CacheKey) -> Result<(), Error> {
        let Some(guard) = &self.cache.inner.guard else { return Ok(()) };
        let (key, _) = self.cache.inner.direct_key(&self.stale("invalidate"), |out| out.key(&key));
        write::invalidate(&self.cache.inner, guard, key).await
    }

    /// Fences `keys` for a write that the caller commits: as [`Cache::fence`].
    pub async fn fence<K: CacheKey>(&self, keys: impl IntoIterator<Item = K>) -> Fence {
        let call = self.stale("fence");
        let stored = |key| self.cache.inner.direct_key(&call, |out| out.key(&key)).0;
        let keys = keys.into_iter().map(stored).collect();
        Fence::raise(&self.cache.inner, keys).await
    }

    /// What a call is that invalidates.
    fn stale(&self, operation: &'static str) -> Direct<'_> {
        Direct::invalidates(operation, self.policy.version)
    }
}

impl fmt::Debug for WithPolicy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithPolicy")
            .field("cache", self.cache)
            .field("policy", &self.policy)
            .field("tags", &self.tags)
            .finish()
    }
}
