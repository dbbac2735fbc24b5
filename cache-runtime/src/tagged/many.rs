//! Batches without a macro.

use std::{future::Future, hash::Hash};

use serde::{Serialize, de::DeserializeOwned};

use super::Tagged;
use crate::{
    cache::Cache,
    key::{CacheKey, KeyOf},
    policy::Policy,
    read::{AttendedMany, OwnedMany, keep, many},
    return_shape::{LoadedRows, Rows, UniqueIds},
};

impl Cache {
    /// The rows of `ids`: those that are cached under their keys, and for the others what one call of `load`
    /// returns, which gets the missing ids: what `#[cached(each = ids)]` does, without a macro.
    ///
    /// The entries are those of a function that loads one row under the same key. However many rows are missing,
    /// a call costs three round trips to the store at most: one that reads, and around the load one that acquires
    /// the right to store and one that stores. A row that is written to while it is loaded is returned and not
    /// stored, and so is one that another call is loading, unless with [`Policy::lock`] there are only such rows
    /// to wait for.
    ///
    /// The loader returns a `HashMap` or a `BTreeMap` of the rows that there are, or a `Vec` with one row for each
    /// id in the order of the ids; alone or in a `Result`. An `Err` is never stored. That a map has no row for an
    /// id is remembered with [`Policy::negative_ttl`] only. Rows that were not asked for are ignored.
    ///
    /// The result is as if there were no cache: a map of the rows that there are, or a `Vec` in the order of
    /// `ids`. An id that is given twice is looked up and loaded once. Without ids there is nothing to ask for, and
    /// `load` is not called. Whatever goes wrong with the cache, the loader's answer is returned.
    ///
    /// A row that has expired is loaded anew with the others. It is served instead as
    /// [`Policy::stale_while_revalidate`] says while another call is loading it, and as
    /// [`Policy::stale_if_error`] says if the load fails, where every row that is missing has such a value. To serve
    /// it at once and renew it in the background, use [`get_or_load_many_owned`](Cache::get_or_load_many_owned).
    ///
    /// With [`Policy::audit`], that part of the rows that are cached is loaded too, together with those that are
    /// missing.
    ///
    /// # Cancellation
    ///
    /// A call that is dropped, or whose load fails or panics, gives up its right to store at once.
    ///
    /// # Panics
    ///
    /// Where the loader returns a `Vec` of another number of rows than it was asked for: there is no telling
    /// which row belongs to which id. Nothing is stored then.
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

    /// As [`get_or_load_many`](Cache::get_or_load_many), with a load that owns all that it needs, so that it can go on
    /// in the background: what `#[cached(each = ids, stale_while_revalidate = …)]` does, without a macro.
    ///
    /// Rows that [`Policy::stale_while_revalidate`] allows to be served, and rows that are due by
    /// [`Policy::refresh_ahead`] or [`Policy::xfetch`], are served at once. One more run of the load renews, in the
    /// background, all of those for which this process is elected, of the whole fleet: one round trip that elects, and
    /// one that stores. So `load` is cloned, and may run twice for one call: for what is missing, and for what is due.
    ///
    /// Where every row that is missing has a value that [`Policy::stale_if_error`] has kept, the caller waits for
    /// the load no longer than [`Policy::soft_timeout`]: past that it is served these, and the load goes on. Where
    /// one has none, the load has to be waited for.
    ///
    /// # Cancellation and panics
    ///
    /// As [`get_or_load_many`](Cache::get_or_load_many). A load in the background goes on when its caller is dropped;
    /// where it panics, the next call that would renew its rows tries again.
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
        O::Rows: 'static,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned + Send,
        F: FnOnce(Vec<K>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = O> + Send + 'static,
    {
        self.tagged::<&str>([]).get_or_load_many_owned(ids, key, policy, load).await
    }
}

impl Tagged<'_> {
    /// As [`Cache::get_or_load_many`]; each of the entries carries all of the tags.
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
        let Some(request) = self.request(policy, self.counters(policy, "get_or_load_many")) else {
            return load(ids.to_vec()).await;
        };
        let places = UniqueIds::of(ids);
        let keys = self.keys(ids, &places, key, policy);
        let mut body = AttendedMany::new(keep::<<O::Rows as Rows<K>>::Stored>, load);
        many::<O::Rows, K>(request, keys, (ids, &places), &mut body).await
    }

    /// As [`Cache::get_or_load_many_owned`]; each of the entries carries all of the tags.
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
        O::Rows: 'static,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned + Send,
        F: FnOnce(Vec<K>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = O> + Send + 'static,
    {
        let counters = self.counters(policy, "get_or_load_many_owned");
        let Some(request) = self.request(policy, counters) else {
            return load(ids.to_vec()).await;
        };
        let places = UniqueIds::of(ids);
        let keys = self.keys(ids, &places, key, policy);
        let load = || Cache::load_in_same_scope(load.clone());
        let mut body = OwnedMany::new(|| keep::<<O::Rows as Rows<K>>::Stored>, load);
        many::<O::Rows, K>(request, keys, (ids, &places), &mut body).await
    }

    /// The stored key of each place.
    fn keys<K, C: CacheKey>(
        &self,
        ids: &[K],
        places: &UniqueIds,
        key: impl Fn(&K) -> C,
        policy: &Policy,
    ) -> Vec<String> {
        let stored = |&at: &usize| self.cache.key(policy.version, |out| out.key(&key(&ids[at])));
        places.ids.iter().map(stored).collect()
    }
}
