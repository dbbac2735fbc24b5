//! What the expansions of functions with local copies call.

use std::{future::Future, hash::Hash, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

use super::Call;
use crate::{
    codec::Same,
    encoding::Encoding,
    keep::Keep,
    key::KeyWriter,
    read::{Attended, Decision, DynFuture, Owned, Run, Wanted},
    return_shape::{ArcRows, ByArc, HandOut, IsArc, Rows, Shape},
};

/// How the values of a function are kept beside local copies.
#[derive(Debug)]
pub struct Kept<T>(Keep<T>);

/// By clones. Only compiles for values that can be handed out that way.
pub fn kept<S>(_: &S) -> Kept<S::Stored>
where
    S: Shape + HandOut<<S as Shape>::Stored>,
    S::Kept: Clone + Send + Sync + 'static,
{
    Kept(Keep::clones::<S>())
}

/// As [`kept`], for each value of a batch.
pub fn kept_rows<K, R>(_: &R, _: &[K]) -> Kept<R::Stored>
where
    R: Rows<K> + HandOut<<R as Rows<K>>::Stored>,
    R::Kept: Clone + Send + Sync + 'static,
{
    Kept(Keep::clones::<R>())
}

/// Finds out whether the values of a shape are `Arc`s, by the order in which method calls consider references:
/// `(&ArcProbe::of(__shape)).__cache_by_arc()`.
#[derive(Debug)]
pub struct ArcProbe<S>(PhantomData<fn() -> S>);

impl<S: Shape> ArcProbe<S> {
    /// A probe of a shape.
    pub fn of(_: S) -> Self {
        ArcProbe(PhantomData)
    }
}

/// See [`ArcProbe`]: a shape whose values are `Arc`s.
pub trait ByArc1 {
    /// The shape.
    type Shape;
    /// The shape that takes the values out of their `Arc`s.
    fn __cache_by_arc(&self) -> Self::Shape;
}

impl<S> ByArc1 for ArcProbe<S>
where
    S: Shape + Default,
    S::Value: IsArc + 'static,
{
    type Shape = ByArc<S>;

    fn __cache_by_arc(&self) -> ByArc<S> {
        ByArc::of(S::default())
    }
}

/// See [`ArcProbe`]: any other, which a method call finds by one reference more.
pub trait ByArc0 {
    /// The shape.
    type Shape;
    /// The shape as it is.
    fn __cache_by_arc(&self) -> Self::Shape;
}

impl<S: Shape + Default> ByArc0 for &ArcProbe<S> {
    type Shape = S;

    fn __cache_by_arc(&self) -> S {
        S::default()
    }
}

/// As [`ArcProbe`], of the rows of a batch over ids of type `K`.
#[derive(Debug)]
pub struct ArcRowsProbe<R, K>(R, PhantomData<fn() -> K>);

impl<K, R: Rows<K>> ArcRowsProbe<R, K> {
    /// A probe of rows.
    pub fn of(rows: R, _: &[K]) -> Self {
        ArcRowsProbe(rows, PhantomData)
    }
}

impl<K, R: Rows<K>> ByArc1 for ArcRowsProbe<R, K>
where
    R::Value: IsArc + 'static,
{
    type Shape = ArcRows<R>;

    fn __cache_by_arc(&self) -> ArcRows<R> {
        ArcRows(self.0.clone())
    }
}

impl<K, R: Rows<K>> ByArc0 for &ArcRowsProbe<R, K> {
    type Shape = R;

    fn __cache_by_arc(&self) -> R {
        self.0.clone()
    }
}

impl Call {
    /// As [`run`](Call::run), of a function with local copies. A plain hit ends here.
    pub fn run_local<S, H, F>(
        self,
        shape: S,
        Kept(keep): Kept<S::Stored>,
        hooks: H,
        body: F,
    ) -> Run<S, Attended<H, F>>
    where
        S: Shape,
        S::Stored: Serialize + DeserializeOwned,
        H: FnOnce(&S::Value, &mut Decision),
        F: Future<Output = S::Output> + Unpin,
    {
        let this = self.reads::<S::Value>();
        match this.local(keep) {
            Some(value) => Run::answered(value, Attended::new(hooks, body)),
            None => this.run(shape, hooks, body).keeping(Some(keep)),
        }
    }

    /// As [`run_owned`](Call::run_owned), of a function with local copies.
    #[allow(clippy::type_complexity, reason = "it holds a closure, which no alias can name")]
    pub fn run_local_owned<S, H, L, F>(
        self,
        _shape: S,
        Kept(keep): Kept<S::Stored>,
        hooks: H,
        load: L,
    ) -> Run<S, Owned<S, H, impl FnOnce() -> DynFuture<S::Output>>>
    where
        S: Shape + 'static,
        S::Output: Send + 'static,
        S::Stored: Serialize + DeserializeOwned + Send,
        H: FnOnce(&S::Value, &mut Decision) + Send + 'static,
        L: FnOnce() -> F,
        F: Future<Output = S::Output> + Send + 'static,
    {
        let this = self.reads::<S::Value>();
        let local = this.local(keep);
        let body = Call::owned(hooks, load);
        match local {
            Some(value) => Run::answered(value, body),
            None => {
                let (request, key) = this.request();
                Run::<S, _>::new(request, key, true, body).keeping(Some(keep))
            }
        }
    }

    /// The value of the key, if this process holds it decoded and may serve it as it is.
    fn local<T>(&self, keep: Keep<T>) -> Option<T> {
        let inner = &self.cache.inner;
        let guard = inner.guard.as_ref().filter(|_| self.bypass.is_none())?;
        let policy = &self.site.policy;
        let encoding = Encoding { fingerprint: self.entry_fingerprint(), ..policy.encoding };
        let (key, tags) = (&*self.key, &*self.tags);
        let wanted = Wanted { inner, guard, policy, encoding: &encoding, key, tags };
        wanted.hit(keep, inner.registry.of_site(self.site.place(), || self.site.label()))
    }

    /// As [`run_each`](Call::run_each), of a function with local copies.
    pub async fn run_each_local<R, K, W, H, L, F>(
        self,
        (rows, same, Kept(keep)): (R, Same<R::Value>, Kept<R::Stored>),
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
        self.attended((rows, (same, Some(keep))), ids, key, hooks, load).await
    }

    /// As [`run_each_owned`](Call::run_each_owned), of a function with local copies.
    pub async fn run_each_local_owned<R, K, W, H, G, L, M, F>(
        self,
        (rows, same, Kept(keep)): (R, Same<R::Value>, Kept<R::Stored>),
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
        self.owned_each((rows, (same, Some(keep))), ids, key, hooks, load).await
    }
}
