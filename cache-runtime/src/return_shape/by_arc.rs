//! Values that are handed out in an `Arc`: what is stored is what the `Arc` holds, and a local copy gives every caller the
//! same one.
//!
//! serde writes an `Arc` only with its feature `rc`, which is for the whole program. So these are written by what they hold.

use std::{marker::PhantomData, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Rows, Shape, Split};
use crate::flight::SharedError;

/// A shape whose value is an `Arc`. Closures over the value see what that holds.
#[derive(Debug)]
pub struct ByArc<S>(PhantomData<fn() -> S>);

impl<S> ByArc<S> {
    /// The shape `S`, whose values are `Arc`s.
    pub fn of(_: S) -> Self {
        ByArc(PhantomData)
    }
}

/// Rows of which each value is an `Arc`.
#[derive(Clone, Debug)]
pub struct ArcRows<R>(pub R);

/// A value that is an `Arc`.
pub trait IsArc: Clone {
    /// What it holds.
    type Inner;
    /// What it holds.
    fn inner(&self) -> &Self::Inner;
}

impl<T> IsArc for Arc<T> {
    type Inner = T;

    fn inner(&self) -> &T {
        self
    }
}

/// An `Arc`, or an `Option` of one, written as what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held<A>(pub A);

impl<T: Serialize> Serialize for Held<Arc<T>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(&self.0, serializer)
    }
}

impl<T: Serialize> Serialize for Held<Option<Arc<T>>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_deref().serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Held<Arc<T>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(|value| Held(Arc::new(value)))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Held<Option<Arc<T>>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| Held(value.map(Arc::new)))
    }
}

impl<S: Shape> Shape for ByArc<S>
where
    S::Value: IsArc + 'static,
{
    type Output = S::Output;
    type Stored = Held<S::Stored>;
    type Value = <S::Value as IsArc>::Inner;

    fn split(output: S::Output) -> Result<Self::Stored, S::Output> {
        S::split(output).map(Held)
    }

    fn join(stored: Self::Stored) -> S::Output {
        S::join(stored.0)
    }

    fn value(stored: &Self::Stored) -> Option<&Self::Value> {
        S::value(&stored.0).map(IsArc::inner)
    }

    fn share(failed: &S::Output) -> Option<SharedError> {
        S::share(failed)
    }

    fn unshare(error: &SharedError) -> Option<S::Output> {
        S::unshare(error)
    }
}

impl<K, R: Rows<K>> Rows<K> for ArcRows<R>
where
    R::Value: IsArc + 'static,
{
    type Output = R::Output;
    type Stored = Held<R::Stored>;
    type Value = <R::Value as IsArc>::Inner;
    type Row = R::Row;

    fn split(
        &self,
        output: R::Output,
        ids: &[K],
    ) -> Result<Split<Self::Stored, R::Row>, R::Output> {
        let Split { rows, unmatched } = self.0.split(output, ids)?;
        Ok(Split { rows: rows.into_iter().map(|row| row.map(Held)).collect(), unmatched })
    }

    fn value(stored: &Self::Stored) -> Option<&Self::Value> {
        R::value(&stored.0).map(IsArc::inner)
    }

    fn join(
        &self,
        ids: &[K],
        unique: &[usize],
        answers: Vec<Option<Self::Stored>>,
        unmatched: Vec<R::Row>,
    ) -> R::Output {
        let answers = answers.into_iter().map(|answer| answer.map(|held| held.0)).collect();
        self.0.join(ids, unique, answers, unmatched)
    }
}
