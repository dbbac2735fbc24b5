//! What the expansion of a batch calls.

use std::{future::Future, hash::Hash, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

use super::Call;
use crate::{
    key::KeyWriter,
    read::batch::{self, Batch},
    rows::{LoadedRows, Places, Rows},
};

/// Finds out which rows a load returns. That is decided by trait alone, since no two of the possible types
/// overlap; it needs no import.
#[derive(Debug)]
pub struct RowsProbe<K, O>(PhantomData<fn() -> (K, O)>);

impl<K, O> RowsProbe<K, O> {
    /// A probe of what `load` returns.
    pub fn of<L, F>(_: &L) -> Self
    where
        L: FnOnce(Vec<K>) -> F,
        F: Future<Output = O>,
    {
        RowsProbe(PhantomData)
    }

    /// How what the load returns is taken apart.
    pub fn __cache_rows(&self) -> O::Rows
    where
        O: LoadedRows<K>,
    {
        O::Rows::default()
    }
}

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
        batch::many::<R, K, L, F>(batch, ids, &places, load).await
    }
}
