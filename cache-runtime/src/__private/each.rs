//! What the expansion of a batch calls.

use std::{future::Future, hash::Hash, marker::PhantomData, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{Call, ValueProbe};
use crate::{
    cache::Cache,
    codec::Same,
    keep::Handling,
    key::KeyWriter,
    read::{AttendedMany, Decision, OwnedMany, Request, many},
    return_shape::{Held, LoadedList, LoadedRows, Place, Rows, unique_ids},
};

/// The load of a batch, by what its rows are asked for; how what it returns is taken apart; and a probe of what is
/// stored for one id.
///
/// Which rows a load returns is decided by trait alone, since no two of the possible types overlap.
pub fn batch<K, L, F>(_: &[K], load: L) -> (L, RowsOf<F, K>, ValueProbe<ValueOf<F, K>>)
where
    L: FnOnce(Vec<K>) -> F,
    F: Future<Output: LoadedRows<K>>,
{
    (load, RowsOf::<F, K>::default(), ValueProbe(PhantomData))
}

/// As [`batch`], of a load that can go on in the background.
pub fn batch_owned<K, L, M, F>(_: &[K], load: L) -> (L, RowsOf<F, K>, ValueProbe<ValueOf<F, K>>)
where
    L: Fn() -> M,
    M: FnOnce(Vec<K>) -> F,
    F: Future<Output: LoadedRows<K>>,
{
    (load, RowsOf::<F, K>::default(), ValueProbe(PhantomData))
}

/// The load of a batch that returns a list, and what its rows can be told apart by.
pub fn list<K, L, F>(_: &[K], load: L) -> (L, ListOf<F::Output, K>)
where
    L: FnOnce(Vec<K>) -> F,
    F: Future<Output: LoadedList<K>>,
{
    (load, ListOf(PhantomData))
}

/// As [`list`], of a load that can go on in the background.
pub fn list_owned<K, L, M, F>(_: &[K], load: L) -> (L, ListOf<F::Output, K>)
where
    L: Fn() -> M,
    M: FnOnce(Vec<K>) -> F,
    F: Future<Output: LoadedList<K>>,
{
    (load, ListOf(PhantomData))
}

/// What a batch returns, if that is a list.
#[derive(Debug)]
pub struct ListOf<O, K>(PhantomData<fn() -> (O, K)>);

impl<O: LoadedList<K>, K> ListOf<O, K> {
    /// Takes it apart, with one row for an id. `place_of` gives the place of a row.
    pub fn by_id(
        self,
        place_of: fn(&O::Row, &Place<'_, K>) -> Option<usize>,
    ) -> (O::ById, ValueProbe<<O::ById as Rows<K>>::Value>) {
        (O::by_id(place_of), ValueProbe(PhantomData))
    }

    /// Takes it apart, with any number of rows for an id.
    pub fn by_group(
        self,
        place_of: fn(&O::Row, &Place<'_, K>) -> Option<usize>,
    ) -> (O::ByGroup, ValueProbe<<O::ByGroup as Rows<K>>::Value>) {
        (O::by_group(place_of), ValueProbe(PhantomData))
    }
}

type RowsOf<F, K> = <<F as Future>::Output as LoadedRows<K>>::Rows;
type ValueOf<F, K> = <RowsOf<F, K> as Rows<K>>::Value;

/// What is stored for one id, as closures over the value see it: through an `Option`, by the order in which method
/// calls consider references.
#[derive(Debug)]
pub struct Found<'a, T>(pub &'a T);

/// See [`Found`]: of what may be missing, the value.
pub trait Found1<'a> {
    /// What closures see.
    type Value;
    /// The value, if there is one.
    fn __cache_found(&self) -> Option<&'a Self::Value>;
}

impl<'a, V> Found1<'a> for &Found<'a, Option<V>> {
    type Value = V;

    fn __cache_found(&self) -> Option<&'a V> {
        self.0.as_ref()
    }
}

impl<'a, V> Found1<'a> for &Found<'a, Held<Option<Arc<V>>>> {
    type Value = V;

    fn __cache_found(&self) -> Option<&'a V> {
        self.0.0.as_deref()
    }
}

impl<'a, V> Found1<'a> for &Found<'a, Held<Arc<V>>> {
    type Value = V;

    fn __cache_found(&self) -> Option<&'a V> {
        Some(&self.0.0)
    }
}

/// See [`Found`]: anything else is the value.
pub trait Found0<'a> {
    /// What closures see.
    type Value;
    /// The value.
    fn __cache_found(&self) -> Option<&'a Self::Value>;
}

impl<'a, V> Found0<'a> for Found<'a, V> {
    type Value = V;

    fn __cache_found(&self) -> Option<&'a V> {
        Some(self.0)
    }
}

impl Call {
    /// Runs a cached function over many ids. `key` writes the key of one of them; `hooks` look at what is stored for
    /// one; `load` gets those that are missing.
    pub async fn run_each<R, K, W, H, L, F>(
        self,
        rows: (R, Same<R::Value>),
        ids: &[K],
        key: W,
        hooks: H,
        load: L,
    ) -> R::Output
    where
        R: Rows<K, Output = F::Output>,
        R::Stored: Serialize + DeserializeOwned,
        K: Clone + Eq + Hash,
        W: Fn(&K, &mut KeyWriter<'_>),
        H: FnMut(&R::Stored, &mut Decision),
        L: FnOnce(Vec<K>) -> F,
        F: Future,
    {
        let (rows, same) = rows;
        self.attended((rows, (same, None)), ids, key, hooks, load).await
    }

    /// Runs a cached function over many ids whose body owns all that it needs, and can go on in the background: each
    /// call of `load` gives one run of it, and each of `hooks` what looks at its values.
    pub async fn run_each_owned<R, K, W, H, G, L, M, F>(
        self,
        rows: (R, Same<R::Value>),
        ids: &[K],
        key: W,
        hooks: H,
        load: L,
    ) -> R::Output
    where
        R: Rows<K, Output = F::Output> + Send + 'static,
        R::Output: Send + 'static,
        R::Stored: Serialize + DeserializeOwned + Send,
        R::Row: Send,
        K: Clone + Eq + Hash + Send + 'static,
        W: Fn(&K, &mut KeyWriter<'_>),
        H: Fn() -> G,
        G: FnMut(&R::Stored, &mut Decision) + Send + 'static,
        L: Fn() -> M,
        M: FnOnce(Vec<K>) -> F + Send + 'static,
        F: Future<Output: Send> + Send + 'static,
    {
        let (rows, same) = rows;
        self.owned_each((rows, (same, None)), ids, key, hooks, load).await
    }

    pub(super) async fn attended<R, K, W, H, L, F>(
        self,
        rows: (R, Handling<R::Value, R::Stored>),
        ids: &[K],
        key: W,
        hooks: H,
        load: L,
    ) -> R::Output
    where
        R: Rows<K, Output = F::Output>,
        R::Stored: Serialize + DeserializeOwned,
        K: Clone + Eq + Hash,
        W: Fn(&K, &mut KeyWriter<'_>),
        H: FnMut(&R::Stored, &mut Decision),
        L: FnOnce(Vec<K>) -> F,
        F: Future,
    {
        let Some(Each { request, unique, keys }) = self.each::<_, R::Value>(ids, key) else {
            return load(ids.to_vec()).await;
        };
        let mut body = AttendedMany::new(hooks, load);
        many::<R, K>(request, keys, (ids, &unique), rows, &mut body).await
    }

    pub(super) async fn owned_each<R, K, W, H, G, L, M, F>(
        self,
        rows: (R, Handling<R::Value, R::Stored>),
        ids: &[K],
        key: W,
        hooks: H,
        load: L,
    ) -> R::Output
    where
        R: Rows<K, Output = F::Output> + Send + 'static,
        R::Output: Send + 'static,
        R::Stored: Serialize + DeserializeOwned + Send,
        R::Row: Send,
        K: Clone + Eq + Hash + Send + 'static,
        W: Fn(&K, &mut KeyWriter<'_>),
        H: Fn() -> G,
        G: FnMut(&R::Stored, &mut Decision) + Send + 'static,
        L: Fn() -> M,
        M: FnOnce(Vec<K>) -> F + Send + 'static,
        F: Future<Output: Send> + Send + 'static,
    {
        let Some(Each { request, unique, keys }) = self.each::<_, R::Value>(ids, key) else {
            return load()(ids.to_vec()).await;
        };
        let load = || Cache::load_in_same_scope(load());
        let mut body = OwnedMany::new(hooks, load);
        many::<R, K>(request, keys, (ids, &unique), rows, &mut body).await
    }

    /// What a batch is made of; none for a call that goes past the cache.
    fn each<K: Eq + Hash, V>(
        mut self,
        ids: &[K],
        key: impl Fn(&K, &mut KeyWriter<'_>),
    ) -> Option<Each> {
        if self.bypass.is_some() || self.cache.inner.guard.is_none() {
            return self.request().0.map(|_| unreachable!("it goes past the cache"));
        }
        let unique = unique_ids(ids);
        let keys = unique.iter().map(|&at| {
            self.cache.key(self.site.policy.version, |out| {
                key(&ids[at], out);
                if let Some(declaration) = &mut self.declaration {
                    declaration.key = Some(out.described());
                }
            })
        });
        let keys = keys.collect();
        let request = self.reads::<V>().request().0?;
        Some(Each { request, unique, keys })
    }
}

struct Each {
    request: Request,
    /// Where each id is given first.
    unique: Vec<usize>,
    /// The stored key of each of these.
    keys: Vec<String>,
}
