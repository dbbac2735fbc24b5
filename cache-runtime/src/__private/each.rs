//! What the expansion of a batch calls.

use std::{future::Future, hash::Hash, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

use super::{Call, ValueProbe};
use crate::{
    key::KeyWriter,
    read::batch::{Batch, many},
    rows::{LoadedRows, Places, Rows},
};

/// The load of a batch, by what its rows are asked for; how what it returns is taken apart; and a probe of what is
/// stored for one id.
///
/// Which rows a load returns is decided by trait alone, since no two of the possible types overlap.
pub fn batch<K, L, F>(_: &[K], load: L) -> (L, RowsOf<F, K>, ValueProbe<StoredOf<F, K>>)
where
    L: FnOnce(Vec<K>) -> F,
    F: Future<Output: LoadedRows<K>>,
{
    (load, RowsOf::<F, K>::default(), ValueProbe(PhantomData))
}

type RowsOf<F, K> = <<F as Future>::Output as LoadedRows<K>>::Rows;
type StoredOf<F, K> = <RowsOf<F, K> as Rows<K>>::Stored;

impl Call {
    /// Runs a cached function over many ids. `key` writes the key of one of them; `load` gets those that are
    /// missing.
    pub async fn run_each<R, K, W, L, F>(self, _rows: R, ids: &[K], key: W, load: L) -> R::Output
    where
        R: Rows<K>,
        R::Stored: Serialize + DeserializeOwned,
        K: Clone + Eq + Hash,
        W: Fn(&K, &mut KeyWriter<'_>),
        L: FnOnce(Vec<K>) -> F,
        F: Future<Output = R::Output>,
    {
        let inner = &*self.cache.inner;
        let Some(guard) = &inner.guard else { return load(ids.to_vec()).await };
        let counters = self.counters();
        if self.bypass {
            counters.bypassed.add_one();
            return load(ids.to_vec()).await;
        }
        let places = Places::of(ids);
        let key = |&at: &usize| self.cache.key(self.policy.version, |out| key(&ids[at], out));
        let keys = places.ids.iter().map(key).collect();
        let batch = Batch::new(inner, guard, &counters, keys, self.tags, &self.policy);
        many::<R, K, L, F>(batch, ids, &places, load).await
    }
}
