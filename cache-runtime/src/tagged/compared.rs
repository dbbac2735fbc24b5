//! Reads and writes without a macro whose values are compared with what their encodings give back.

use std::{fmt, future::Future, hash::Hash};

use serde::{Serialize, de::DeserializeOwned};

use super::Tagged;
use crate::{
    cache::Cache,
    key::KeyOf,
    policy::Policy,
    return_shape::{Loaded, LoadedRows, Rows, Shape},
};

/// A cache that does not store a value that its encoding changes: what [`Cache::same`] returns.
pub struct Compared<'a, V> {
    tagged: Tagged<'a>,
    same: fn(&V, &V) -> bool,
}

impl Cache {
    /// This cache, for values that `same` compares with what their encodings give back.
    ///
    /// A value that is another one when it is decoded again (serde skips a field of it, or writes it in another way than it
    /// reads it) is returned to those for whom it was loaded, and not stored. It is counted as
    /// [`FunctionStats::changed`](crate::FunctionStats::changed), and logged once for each function. The attributes compare by
    /// `PartialEq`, where the type has it; a call without a macro cannot ask for that. `PartialEq::eq` does for most types. An
    /// [audit](Policy::audit) compares by `same` too.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, Policy};
    ///
    /// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct User {
    ///     name: String,
    ///     /// Hidden from the clients of the service, and from its cache too.
    ///     #[serde(skip_serializing, default)]
    ///     password: String,
    /// }
    ///
    /// const USERS: Policy = Policy::ttl(60).name("users");
    ///
    /// let cache = Cache::in_memory();
    /// let ann = User { name: "Ann".into(), password: "hash".into() };
    /// for _ in 0..2 {
    ///     let load = || async { Some(ann.clone()) };
    ///     let found = cache.same(|a: &User, b| a == b).get_or_load("user:1", &USERS, load).await;
    ///     assert_eq!(found.as_ref(), Some(&ann));
    /// }
    /// assert_eq!(cache.stats().function("users").unwrap().changed, 2);
    /// # }
    /// ```
    pub fn same<V>(&self, same: fn(&V, &V) -> bool) -> Compared<'_, V> {
        self.tagged::<&str>([]).same(same)
    }
}

impl<'a> Tagged<'a> {
    /// As [`Cache::same`], for entries that carry these tags.
    pub fn same<V>(self, same: fn(&V, &V) -> bool) -> Compared<'a, V> {
        Compared { tagged: self, same }
    }
}

impl<V> Compared<'_, V> {
    /// As [`Cache::get_or_load`].
    pub async fn get_or_load<O, F, Fut>(&self, key: impl KeyOf<V>, policy: &Policy, load: F) -> O
    where
        O: Loaded,
        O::Shape: Shape<Value = V>,
        <O::Shape as Shape>::Stored: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
    {
        self.tagged.one(key, policy, Some(self.same), load).await
    }

    /// As [`Cache::get_or_load_owned`].
    pub async fn get_or_load_owned<O, F, Fut>(
        &self,
        key: impl KeyOf<V>,
        policy: &Policy,
        load: F,
    ) -> O
    where
        O: Loaded + Send + 'static,
        O::Shape: Shape<Value = V> + 'static,
        <O::Shape as Shape>::Stored: Serialize + DeserializeOwned + Send,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O> + Send + 'static,
    {
        self.tagged.one_owned::<O::Shape, _, _>(key, policy, (Some(self.same), None), load).await
    }

    /// As [`Cache::get_or_load_many`]. `same` compares the values of one id.
    pub async fn get_or_load_many<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash,
        C: KeyOf<V>,
        O: LoadedRows<K>,
        O::Rows: Rows<K, Value = V>,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned,
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = O>,
    {
        self.tagged.many(ids, key, policy, Some(self.same), load).await
    }

    /// As [`Cache::get_or_load_many_owned`]. `same` compares the values of one id.
    pub async fn get_or_load_many_owned<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash + Send + 'static,
        C: KeyOf<V>,
        O: LoadedRows<K> + Send + 'static,
        O::Rows: Rows<K, Value = V> + Send + 'static,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned + Send,
        <O::Rows as Rows<K>>::Row: Send,
        F: FnOnce(Vec<K>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = O> + Send + 'static,
    {
        self.tagged.many_owned(ids, key, policy, (Some(self.same), None), load).await
    }

    /// As [`Cache::write_through`].
    pub async fn write_through<O, F, Fut>(&self, key: impl KeyOf<V>, policy: &Policy, write: F) -> O
    where
        O: Loaded,
        O::Shape: Shape<Value = V>,
        V: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
    {
        let Tagged { cache, tags } = &self.tagged;
        cache.write_tagged(key, tags, policy, Some(self.same), write).await
    }
}

impl<V> fmt::Debug for Compared<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compared").field("tagged", &self.tagged).finish_non_exhaustive()
    }
}
