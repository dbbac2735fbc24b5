//! Outputs whose values are changed before they are stored or handed out: `value = |user: User| ...`.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
};

use super::{
    Rows, Shape,
    batch::{FallibleRows, Grouped, Hashed, Identified, Paired, Sorted},
    by_arc::{ArcRows, ByArc, IsArc},
    single::{ErrorSharing, Fallible, FallibleOptional, Optional, Plain},
};

/// A shape whose value can be changed.
pub trait Project: Shape {
    /// The value as the function returns it, without `Option` and `Result`.
    type Whole;

    /// The output with another value, if it has one.
    fn project<P>(output: Self::Output, with: P) -> Self::Output
    where
        P: FnOnce(Self::Whole) -> Self::Whole;
}

/// Rows that can be changed.
pub trait ProjectRows<K>: Rows<K> {
    /// A value of a map or of a pair, or a row of a list.
    type Whole;

    /// The output with other rows.
    fn project<P>(output: Self::Output, with: P) -> Self::Output
    where
        P: FnMut(Self::Whole) -> Self::Whole;
}

impl<T> Project for Plain<T> {
    type Whole = T;

    fn project<P: FnOnce(T) -> T>(output: T, with: P) -> T {
        with(output)
    }
}

impl<T> Project for Optional<T> {
    type Whole = T;

    fn project<P: FnOnce(T) -> T>(output: Option<T>, with: P) -> Option<T> {
        output.map(with)
    }
}

impl<T, E, M: ErrorSharing<E>> Project for Fallible<T, E, M> {
    type Whole = T;

    fn project<P: FnOnce(T) -> T>(output: Result<T, E>, with: P) -> Result<T, E> {
        output.map(with)
    }
}

impl<T, E, M: ErrorSharing<E>> Project for FallibleOptional<T, E, M> {
    type Whole = T;

    fn project<P>(output: Result<Option<T>, E>, with: P) -> Result<Option<T>, E>
    where
        P: FnOnce(T) -> T,
    {
        output.map(|found| found.map(with))
    }
}

/// The value is the `Arc`.
impl<S: Project> Project for ByArc<S>
where
    S::Value: IsArc + 'static,
{
    type Whole = S::Whole;

    fn project<P>(output: S::Output, with: P) -> S::Output
    where
        P: FnOnce(S::Whole) -> S::Whole,
    {
        S::project(output, with)
    }
}

impl<K: Clone + Eq + Hash, V> ProjectRows<K> for Paired<V> {
    type Whole = V;

    fn project<P: FnMut(V) -> V>(output: Vec<(K, V)>, mut with: P) -> Vec<(K, V)> {
        output.into_iter().map(|(id, value)| (id, with(value))).collect()
    }
}

impl<K: Clone + Eq + Hash, V, S: BuildHasher + Default> ProjectRows<K> for Hashed<V, S> {
    type Whole = V;

    fn project<P: FnMut(V) -> V>(output: HashMap<K, V, S>, mut with: P) -> HashMap<K, V, S> {
        output.into_iter().map(|(id, value)| (id, with(value))).collect()
    }
}

impl<K: Clone + Ord, V> ProjectRows<K> for Sorted<V> {
    type Whole = V;

    fn project<P: FnMut(V) -> V>(output: BTreeMap<K, V>, mut with: P) -> BTreeMap<K, V> {
        output.into_iter().map(|(id, value)| (id, with(value))).collect()
    }
}

impl<K: Eq + Hash, V> ProjectRows<K> for Identified<V, K> {
    type Whole = V;

    fn project<P: FnMut(V) -> V>(output: Vec<V>, with: P) -> Vec<V> {
        output.into_iter().map(with).collect()
    }
}

impl<K: Eq + Hash, V> ProjectRows<K> for Grouped<V, K> {
    type Whole = V;

    fn project<P: FnMut(V) -> V>(output: Vec<V>, with: P) -> Vec<V> {
        output.into_iter().map(with).collect()
    }
}

impl<K, R: ProjectRows<K>, E> ProjectRows<K> for FallibleRows<R, E> {
    type Whole = R::Whole;

    fn project<P>(output: Result<R::Output, E>, with: P) -> Result<R::Output, E>
    where
        P: FnMut(R::Whole) -> R::Whole,
    {
        output.map(|output| R::project(output, with))
    }
}

impl<K, R: ProjectRows<K>> ProjectRows<K> for ArcRows<R>
where
    R::Value: IsArc + 'static,
{
    type Whole = R::Whole;

    fn project<P>(output: R::Output, with: P) -> R::Output
    where
        P: FnMut(R::Whole) -> R::Whole,
    {
        R::project(output, with)
    }
}
