//! Return types of batches, split into the rows of each id by what names the id, and never by position: a map, a list of
//! pairs, or a list of rows with a function that gives the id of a row.

mod lists;
mod maps;

use std::{collections::HashMap, hash::Hash, marker::PhantomData};

pub use self::lists::{LoadedList, Place};
pub(crate) use self::maps::Hashed;
pub(super) use self::{
    lists::{Grouped, Identified, Paired},
    maps::Sorted,
};

/// How to split the output of a batch into rows, and how to join rows to an output. `K` is the type of the ids.
pub trait Rows<K>: Clone {
    /// The return type of the function.
    type Output;
    /// The type that is stored for one id.
    type Stored;
    /// The value of one id, as closures see it.
    type Value;
    /// A row that is not stored.
    type Row;

    /// The rows of `ids`, of which no two are equal; or an output that has no rows.
    fn split(
        &self,
        output: Self::Output,
        ids: &[K],
    ) -> Result<Split<Self::Stored, Self::Row>, Self::Output>;

    /// The value in what is stored; `None` for a stored `None`.
    fn value(stored: &Self::Stored) -> Option<&Self::Value>;

    /// The output with these answers: `answers[i]` is that of `ids[unique[i]]`. The unmatched rows are added as they were
    /// loaded, but for those of an id that has an answer.
    fn join(
        &self,
        ids: &[K],
        unique: &[usize],
        answers: Vec<Option<Self::Stored>>,
        unmatched: Vec<Self::Row>,
    ) -> Self::Output;
}

/// The rows of one load.
#[derive(Debug, PartialEq, Eq)]
pub struct Split<T, R> {
    /// What to store for each id, in the order of the ids. None for an id of which that is not known.
    pub(crate) rows: Vec<Option<T>>,
    /// The rows that are not stored: of an id that was not asked for, or of one that has two rows and may have one.
    pub(crate) unmatched: Vec<R>,
}

/// What the loader of [`Cache::get_or_load_many`](crate::Cache::get_or_load_many) may return: a `HashMap` or
/// `BTreeMap` of the rows that exist, or a `Vec` of pairs of an id and its row; alone or in a `Result`. Where an id has many
/// rows, a map of `Vec`s.
#[diagnostic::on_unimplemented(
    message = "a batch over ids of type `{K}` cannot return `{Self}`",
    label = "nothing says which row belongs to which `{K}`",
    note = "return `HashMap<{K}, V>` or `BTreeMap<{K}, V>` with the rows that there are, `HashMap<{K}, Vec<V>>` if an id has many, or pairs in a `Vec<({K}, V)>`; alone or in a `Result`",
    note = "for a `Vec<Row>`, `#[cached]` takes the id of a row: `id = |row: &Row| row.id`, and `group` if an id has many"
)]
pub trait LoadedRows<K>: Sized {
    /// How it is split.
    type Rows: Rows<K, Output = Self> + Default;
}

/// Names types without containing them, so that a marker is always `Send`.
type Marker<T> = PhantomData<fn() -> T>;

/// A `Result<_, E>` of one of the others.
#[derive(Debug)]
pub struct FallibleRows<R, E>(R, Marker<E>);

impl<R: Clone, E> Clone for FallibleRows<R, E> {
    fn clone(&self) -> Self {
        FallibleRows(self.0.clone(), PhantomData)
    }
}

impl<R: Default, E> Default for FallibleRows<R, E> {
    fn default() -> Self {
        FallibleRows(R::default(), PhantomData)
    }
}

impl<K, R: Rows<K>, E> Rows<K> for FallibleRows<R, E> {
    type Output = Result<R::Output, E>;
    type Stored = R::Stored;
    type Value = R::Value;
    type Row = R::Row;

    fn value(stored: &R::Stored) -> Option<&R::Value> {
        R::value(stored)
    }

    fn split(
        &self,
        output: Self::Output,
        ids: &[K],
    ) -> Result<Split<R::Stored, R::Row>, Self::Output> {
        match output {
            Ok(output) => self.0.split(output, ids).map_err(Ok),
            Err(error) => Err(Err(error)),
        }
    }

    fn join(
        &self,
        ids: &[K],
        unique: &[usize],
        answers: Vec<Option<R::Stored>>,
        unmatched: Vec<R::Row>,
    ) -> Self::Output {
        Ok(self.0.join(ids, unique, answers, unmatched))
    }
}

impl<K, O: LoadedRows<K>, E> LoadedRows<K> for Result<O, E> {
    type Rows = FallibleRows<O::Rows, E>;
}

/// The index of the first occurrence of each id: an id has one answer, however often it is given.
pub(crate) fn unique_ids<K: Eq + Hash>(ids: &[K]) -> Vec<usize> {
    let mut seen = HashMap::with_capacity(ids.len());
    let mut unique = Vec::with_capacity(ids.len());
    for (at, id) in ids.iter().enumerate() {
        seen.entry(id).or_insert_with(|| unique.push(at));
    }
    unique
}

#[cfg(test)]
mod tests;
