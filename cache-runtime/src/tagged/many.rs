//! Batches without a macro.

use std::{future::Future, hash::Hash};

use serde::{Serialize, de::DeserializeOwned};

use super::Tagged;
use crate::{
    cache::Cache,
    key::KeyOf,
    policy::Policy,
    read::batch::{Batch, many},
    rows::{LoadedRows, Places, Rows},
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
    /// [`Policy::stale_if_error`] says if the load fails, where every row that is missing has such a value.
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
        let inner = &self.cache.inner;
        let Some(guard) = &inner.guard else { return load(ids.to_vec()).await };
        let counters = self.counters(policy, "get_or_load_many");
        let places = Places::of(ids);
        let stored = |&at: &usize| self.cache.key(policy.version, |out| out.key(&key(&ids[at])));
        let keys = places.ids.iter().map(stored).collect();
        let batch = Batch::new(inner, guard, &counters, keys, self.tags.clone(), policy);
        many::<O::Rows, K, F, Fut>(batch, ids, &places, load).await
    }
}
