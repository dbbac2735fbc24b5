//! Batches without a macro.

use std::{future::Future, hash::Hash};

use serde::{Serialize, de::DeserializeOwned};

use super::Tagged;
use crate::{
    cache::Cache,
    codec::Same,
    declared::Identity,
    keep::Handling,
    key::{CacheKey, KeyOf},
    policy::Policy,
    read::{AttendedMany, Decision, OwnedMany, Request, keep as keep_always, many},
    return_shape::{LoadedRows, Rows, unique_ids},
    shared::Direct,
};

impl Cache {
    /// The rows of `ids`. One call of `load`, with the missing ids, loads the rows that are not cached: what
    /// `#[cached(each = ids)]` does, without a macro.
    ///
    /// A function that loads one row under the same key shares the entries. However many rows are missing, a call costs
    /// at most three round trips to the store: one to read, one before the load to acquire the leases, and one after it
    /// to store. A row that is written while it is loaded is returned, but not stored. The same holds for a row that
    /// another call is loading; only with [`Policy::lock`], and if there are only such rows, does the call wait for them.
    ///
    /// The loader says which row belongs to which id. It returns a `HashMap` or a `BTreeMap` of the rows that exist, or a
    /// `Vec` of pairs of an id and its row; alone or in a `Result`. Where an id has many rows, it returns a map of `Vec`s. An
    /// `Err` is never stored. An id without rows is only remembered with [`Policy::negative_ttl`].
    ///
    /// The result is the same as without a cache: the rows that exist, and a `Vec` has them in the order of `ids`. An id
    /// that is given twice is looked up and loaded once. Without ids, `load` is not called. Whatever goes wrong with the
    /// cache, the call returns the loader's result. Rows of ids that were not asked for, and two pairs with one id, are
    /// returned as they were loaded, but not stored, and are counted as
    /// [`FunctionStats::unmatched`](crate::FunctionStats::unmatched).
    ///
    /// An expired row is loaded with the missing ones. It is served instead, as [`Policy::stale_while_revalidate`]
    /// allows, while another call is loading it; and, as [`Policy::stale_if_error`] allows, if the load fails and every
    /// missing row has such a value. To serve it at once and refresh it in the background, use
    /// [`get_or_load_many_owned`](Cache::get_or_load_many_owned).
    ///
    /// With [`Policy::audit`], that fraction of the cached rows is loaded together with the missing ones.
    ///
    /// # Cancellation
    ///
    /// A call that is dropped, or whose load fails or panics, releases its leases at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::collections::HashMap;
    ///
    /// use cache_runtime::{Cache, CacheKey, Policy};
    ///
    /// #[derive(CacheKey)]
    /// #[cache_key("user:<id>")]
    /// struct UserKey { id: u64 }
    ///
    /// const USERS: Policy = Policy::ttl(3600).lock();
    ///
    /// /// SELECT id, name FROM users WHERE id = ANY($1)
    /// async fn select(ids: Vec<u64>) -> std::io::Result<HashMap<u64, String>> {
    ///     Ok(ids.into_iter().map(|id| (id, format!("user {id}"))).collect())
    /// }
    ///
    /// # async fn users(cache: &Cache) -> std::io::Result<()> {
    /// let find = |ids| async move { cache.get_or_load_many(ids, |&id| UserKey { id }, &USERS, select).await };
    /// let users = find(&[1, 2, 3]).await?; // loads three
    /// let users = find(&[2, 3, 4]).await?; // loads one
    /// assert_eq!(users[&4], "user 4");
    /// # Ok(()) }
    /// # users(&Cache::in_memory()).await.unwrap();
    /// # }
    /// ```
    pub async fn get_or_load_many<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash,
        C: KeyOf<<O::Rows as Rows<K>>::Stored>,
        O: LoadedRows<K>,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned,
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = O>,
    {
        self.tagged::<&str>([]).get_or_load_many(ids, key, policy, load).await
    }

    /// As [`get_or_load_many`](Cache::get_or_load_many), with a load that owns what it needs, so that it can continue
    /// in the background: what `#[cached(each = ids, stale_while_revalidate = …)]` does, without a macro.
    ///
    /// Rows that [`Policy::stale_while_revalidate`] allows to be served, and rows that are due by
    /// [`Policy::refresh_ahead`] or [`Policy::xfetch`], are served at once. Another run of the load refreshes them in the
    /// background, but only the rows for which this process is elected, out of the whole fleet. That costs one round trip
    /// to elect and one to store. So `load` is cloned, and may run twice for one call: for the missing rows, and for the
    /// due ones.
    ///
    /// If [`Policy::stale_if_error`] has kept a value for every missing row, the caller waits for the load no longer than
    /// [`Policy::soft_timeout`]. After that it gets those values, and the load continues. If one row has no such value,
    /// the caller has to wait.
    ///
    /// # Cancellation and panics
    ///
    /// As [`get_or_load_many`](Cache::get_or_load_many). A load in the background continues when its caller is dropped.
    /// If it panics, the next call that would refresh its rows tries again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use std::{collections::HashMap, sync::Arc};
    ///
    /// use cache_runtime::{Cache, Policy};
    ///
    /// const USERS: Policy = Policy::ttl(60).stale_while_revalidate(600).refresh_ahead(0.8);
    ///
    /// struct Database; // a pool of connections
    ///
    /// impl Database {
    ///     /// SELECT id, name FROM users WHERE id = ANY($1)
    ///     async fn select(&self, ids: Vec<u64>) -> HashMap<u64, String> {
    ///         ids.into_iter().map(|id| (id, format!("user {id}"))).collect()
    ///     }
    /// }
    ///
    /// let (cache, db) = (Cache::in_memory(), Arc::new(Database));
    /// let load = |ids| async move { db.select(ids).await };
    /// let users = cache.get_or_load_many_owned(&[1, 2, 3], |id| format!("user:{id}"), &USERS, load).await;
    /// assert_eq!(users[&3], "user 3");
    /// # }
    /// ```
    pub async fn get_or_load_many_owned<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash + Send + 'static,
        C: KeyOf<<O::Rows as Rows<K>>::Stored>,
        O: LoadedRows<K> + Send + 'static,
        O::Rows: Send + 'static,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned + Send,
        <O::Rows as Rows<K>>::Row: Send,
        F: FnOnce(Vec<K>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = O> + Send + 'static,
    {
        self.tagged::<&str>([]).get_or_load_many_owned(ids, key, policy, load).await
    }
}

impl Tagged<'_> {
    /// As [`Cache::get_or_load_many`]. Each entry carries all of the tags.
    pub async fn get_or_load_many<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash,
        C: KeyOf<<O::Rows as Rows<K>>::Stored>,
        O: LoadedRows<K>,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned,
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = O>,
    {
        self.many(ids, key, policy, None, load).await
    }

    /// As [`Cache::get_or_load_many`], with what compares values.
    pub(super) async fn many<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        same: Same<<O::Rows as Rows<K>>::Value>,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash,
        C: CacheKey,
        O: LoadedRows<K>,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned,
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = O>,
    {
        let hooks = keep_always::<<O::Rows as Rows<K>>::Stored>;
        self.many_with(ids, key, (policy, same), hooks, load).await
    }

    /// The same, with what looks at what is to be stored for an id.
    pub(super) async fn many_with<K, C, O, H, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        (policy, same): (&Policy, Same<<O::Rows as Rows<K>>::Value>),
        hooks: H,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash,
        C: CacheKey,
        O: LoadedRows<K>,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned,
        H: FnMut(&<O::Rows as Rows<K>>::Stored, &mut Decision),
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = O>,
    {
        let call = self.reads::<<O::Rows as Rows<K>>::Value>(policy, "get_or_load_many");
        let Some((request, unique, keys)) = self.each(&call, ids, key, policy) else {
            return load(ids.to_vec()).await;
        };
        let mut body = AttendedMany::new(hooks, load);
        let rows = (O::Rows::default(), (same, None));
        many::<O::Rows, K>(request, keys, (ids, &unique), rows, &mut body).await
    }

    /// As [`Cache::get_or_load_many_owned`]. Each entry carries all of the tags.
    pub async fn get_or_load_many_owned<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash + Send + 'static,
        C: KeyOf<<O::Rows as Rows<K>>::Stored>,
        O: LoadedRows<K> + Send + 'static,
        O::Rows: Send + 'static,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned + Send,
        <O::Rows as Rows<K>>::Row: Send,
        F: FnOnce(Vec<K>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = O> + Send + 'static,
    {
        self.many_owned(ids, key, policy, (None, None), load).await
    }

    /// As [`Cache::get_or_load_many_owned`], with what compares values.
    pub(crate) async fn many_owned<K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        handling: Handling<<O::Rows as Rows<K>>::Value, <O::Rows as Rows<K>>::Stored>,
        load: F,
    ) -> O
    where
        K: Clone + Eq + Hash + Send + 'static,
        C: CacheKey,
        O: LoadedRows<K> + Send + 'static,
        O::Rows: Send + 'static,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned + Send,
        <O::Rows as Rows<K>>::Row: Send,
        F: FnOnce(Vec<K>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = O> + Send + 'static,
    {
        let call = self.reads::<<O::Rows as Rows<K>>::Value>(policy, "get_or_load_many_owned");
        let Some((request, unique, keys)) = self.each(&call, ids, key, policy) else {
            return load(ids.to_vec()).await;
        };
        let load = || Cache::load_in_same_scope(load.clone());
        let mut body = OwnedMany::new(|| keep_always::<<O::Rows as Rows<K>>::Stored>, load);
        many::<O::Rows, K>(request, keys, (ids, &unique), (O::Rows::default(), handling), &mut body)
            .await
    }

    /// What a call asks for, where each of the ids is given first, and the stored keys of these. None for a call that goes
    /// past the cache.
    fn each<K: Eq + Hash, C: CacheKey>(
        &self,
        call: &Direct<'_>,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
    ) -> Option<(Request, Vec<usize>, Vec<String>)> {
        let (unique, mut id) = (unique_ids(ids), Identity::NONE);
        let keys = unique.iter().map(|&at| {
            let (stored, its) = self.cache.inner.direct_key(call, |out| out.key(&key(&ids[at])));
            id = its;
            stored
        });
        let keys = keys.collect();
        let request = self.request(policy, self.cache.counters(call.function), id)?;
        Some((request, unique, keys))
    }
}
