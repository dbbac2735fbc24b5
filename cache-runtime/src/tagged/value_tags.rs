//! Reads without a macro whose values name tags of their entries.

use std::{fmt, future::Future, hash::Hash, pin::pin};

use serde::{Serialize, de::DeserializeOwned};

use super::Tagged;
use crate::{
    key::{CacheKey, KeyOf},
    policy::Policy,
    read::{Attended, Decision, Run},
    return_shape::{Loaded, LoadedRows, Rows, Shape},
};

/// A cache whose values name tags of their entries: what [`Tagged::by_value`] returns.
pub struct ByValue<'a, G> {
    tagged: Tagged<'a>,
    give: G,
}

impl<'a> Tagged<'a> {
    /// This cache, for entries that also carry the tags that `give` makes of the loaded value, such as its author's. What
    /// `tags = |article: &Article| ..` does in an attribute.
    ///
    /// A reader need not name them: the entry says them. One look more finds whether they are still good, before a hit is served.
    /// A value is stored if its tags have not been invalidated since its load began. So the first value under a tag that
    /// nobody has asked for before is not stored, and the next one is.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// use cache_runtime::{Cache, Policy};
    ///
    /// const ARTICLES: Policy = Policy::ttl(3600);
    ///
    /// let cache = Cache::in_memory();
    /// let articles = cache.tagged(["articles"]).by_value(|author: &u64| [format!("author:{author}")]);
    /// let load = || async { Ok::<u64, ()>(7) };
    /// let author = articles.get_or_load("author-of:42", &ARTICLES, load).await;
    /// assert_eq!(author, Ok(7));
    /// cache.invalidate_tags(["author:7"]).await; // and so is what names it
    /// # }
    /// ```
    pub fn by_value<V, K, G>(self, give: G) -> ByValue<'a, G>
    where
        K: IntoIterator<Item: CacheKey>,
        G: Fn(&V) -> K,
    {
        ByValue { tagged: self, give }
    }
}

impl<G> ByValue<'_, G> {
    /// As [`Cache::get_or_load`](crate::Cache::get_or_load).
    pub async fn get_or_load<V, K, O, F, Fut>(
        &self,
        key: impl KeyOf<V>,
        policy: &Policy,
        load: F,
    ) -> O
    where
        G: Fn(&V) -> K,
        K: IntoIterator<Item: CacheKey>,
        O: Loaded,
        O::Shape: Shape<Value = V>,
        <O::Shape as Shape>::Stored: Serialize + DeserializeOwned,
        F: FnOnce() -> Fut,
        Fut: Future<Output = O>,
    {
        let tagged = &self.tagged;
        let policy = policy.names_tags();
        let call = tagged.reads::<V>(&policy, "get_or_load");
        let (key, id) = tagged.cache.inner.direct_key(&call, |out| out.key(&key));
        let request = tagged.request(&policy, tagged.cache.counters(call.function), id);
        let load = pin!(async { load().await });
        let hooks = |value: &V, decision: &mut Decision| decision.tags((self.give)(value));
        Run::<O::Shape, _>::new(request, key, false, Attended::new(hooks, load)).await
    }
}

impl<G> ByValue<'_, G> {
    /// As [`Cache::get_or_load_many`](crate::Cache::get_or_load_many). Each entry carries the tags that its own value names.
    pub async fn get_or_load_many<V, T, K, C, O, F, Fut>(
        &self,
        ids: &[K],
        key: impl Fn(&K) -> C,
        policy: &Policy,
        load: F,
    ) -> O
    where
        G: Fn(&V) -> T,
        T: IntoIterator<Item: CacheKey>,
        K: Clone + Eq + Hash,
        C: KeyOf<V>,
        O: LoadedRows<K>,
        O::Rows: Rows<K, Value = V>,
        <O::Rows as Rows<K>>::Stored: Serialize + DeserializeOwned,
        F: FnOnce(Vec<K>) -> Fut,
        Fut: Future<Output = O>,
    {
        let policy = policy.names_tags();
        let hooks = |stored: &<O::Rows as Rows<K>>::Stored, decision: &mut Decision| {
            if let Some(value) = <O::Rows as Rows<K>>::value(stored) {
                decision.tags((self.give)(value));
            }
        };
        self.tagged.many_with(ids, key, (&policy, None), hooks, load).await
    }
}

impl<G> fmt::Debug for ByValue<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByValue").field("tagged", &self.tagged).finish_non_exhaustive()
    }
}
