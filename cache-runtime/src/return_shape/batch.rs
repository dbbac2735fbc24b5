//! Return types of batches, split into rows: a map of the rows that exist, or a list in the order of the ids.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
    marker::PhantomData,
};

/// How to split the output of a batch into rows, and how to join rows to an output. `K` is the type of the ids.
pub trait Rows<K>: Default {
    /// The return type of the function.
    type Output;
    /// The type that is stored for one id.
    type Stored;

    /// The rows to store for `ids`, in their order; or an output that has no rows.
    fn split(output: Self::Output, ids: &[K]) -> Result<Vec<Self::Stored>, Self::Output>;
    /// The output with these rows: `rows[row_of[i]]` is the row of `ids[i]`. The rows are in the order in which their
    /// ids first occur.
    fn join(ids: &[K], row_of: &[usize], rows: Vec<Self::Stored>) -> Self::Output;
}

/// What the loader of [`Cache::get_or_load_many`](crate::Cache::get_or_load_many) may return: a `HashMap` or
/// `BTreeMap` of the rows that exist, or a `Vec` with one row for each id, in their order; alone or in a
/// `Result`.
#[diagnostic::on_unimplemented(
    message = "a batch over ids of type `{K}` cannot return `{Self}`",
    label = "no rows by `{K}`",
    note = "return `HashMap<{K}, V>` or `BTreeMap<{K}, V>` with the rows that there are, or `Vec<V>` with one row for each id in their order (`V: Clone`), alone or in a `Result`"
)]
pub trait LoadedRows<K>: Sized {
    /// How it is split.
    type Rows: Rows<K, Output = Self>;
}

/// Names types without containing them, so that a marker is always `Send`.
type Marker<T> = PhantomData<fn() -> T>;

/// `HashMap<K, V, S>`. A missing row is stored as `None`, if at all.
#[derive(Debug)]
pub struct Hashed<V, S>(Marker<(V, S)>);

/// `BTreeMap<K, V>`, likewise.
#[derive(Debug)]
pub struct Sorted<V>(Marker<V>);

/// `Vec<V>`: one row for each id.
#[derive(Debug)]
pub struct Listed<V>(Marker<V>);

/// A `Result<_, E>` of one of the others.
#[derive(Debug)]
pub struct FallibleRows<R, E>(Marker<(R, E)>);

/// What the two maps have in common.
macro_rules! map {
    ($map:ty) => {
        type Output = $map;
        type Stored = Option<V>;

        fn split(mut output: $map, ids: &[K]) -> Result<Vec<Option<V>>, $map> {
            // Ignores rows that were not asked for: a call whose rows all come from the cache would not return them
            // either.
            Ok(ids.iter().map(|id| output.remove(id)).collect())
        }

        fn join(ids: &[K], row_of: &[usize], mut rows: Vec<Option<V>>) -> $map {
            let mut output = <$map>::default();
            for (id, &row) in ids.iter().zip(row_of) {
                if let Some(value) = rows[row].take() {
                    output.insert(id.clone(), value);
                }
            }
            output
        }
    };
}

impl<K: Clone + Eq + Hash, V, S: BuildHasher + Default> Rows<K> for Hashed<V, S> {
    map!(HashMap<K, V, S>);
}

impl<K: Clone + Ord, V> Rows<K> for Sorted<V> {
    map!(BTreeMap<K, V>);
}

impl<K, V: Clone> Rows<K> for Listed<V> {
    type Output = Vec<V>;
    type Stored = V;

    fn split(output: Vec<V>, ids: &[K]) -> Result<Vec<V>, Vec<V>> {
        // With another number of rows, a guess could serve one user's row to another.
        assert!(
            output.len() == ids.len(),
            "a cached batch was asked for {} rows and returned {}: a `Vec` has to hold one row for each id, in \
             the order of the ids; return a `HashMap` where rows can be missing",
            ids.len(),
            output.len(),
        );
        Ok(output)
    }

    fn join(_: &[K], row_of: &[usize], rows: Vec<V>) -> Vec<V> {
        if row_of.len() == rows.len() {
            return rows;
        }
        row_of.iter().map(|&row| rows[row].clone()).collect()
    }
}

impl<K, R: Rows<K>, E> Rows<K> for FallibleRows<R, E> {
    type Output = Result<R::Output, E>;
    type Stored = R::Stored;

    fn split(output: Self::Output, ids: &[K]) -> Result<Vec<R::Stored>, Self::Output> {
        match output {
            Ok(output) => R::split(output, ids).map_err(Ok),
            Err(error) => Err(Err(error)),
        }
    }

    fn join(ids: &[K], row_of: &[usize], rows: Vec<R::Stored>) -> Self::Output {
        Ok(R::join(ids, row_of, rows))
    }
}

impl<K: Clone + Eq + Hash, V, S: BuildHasher + Default> LoadedRows<K> for HashMap<K, V, S> {
    type Rows = Hashed<V, S>;
}

impl<K: Clone + Ord, V> LoadedRows<K> for BTreeMap<K, V> {
    type Rows = Sorted<V>;
}

impl<K, V: Clone> LoadedRows<K> for Vec<V> {
    type Rows = Listed<V>;
}

impl<K, O: LoadedRows<K>, E> LoadedRows<K> for Result<O, E> {
    type Rows = FallibleRows<O::Rows, E>;
}

macro_rules! markers {
    ($($rows:ident<$($parameter:ident),*>)*) => {$(
        impl<$($parameter),*> Default for $rows<$($parameter),*> {
            fn default() -> Self {
                $rows(PhantomData)
            }
        }
    )*};
}

markers!(Hashed<V, S> Sorted<V> Listed<V> FallibleRows<R, E>);

/// The unique ids of a batch: each id has one row, however often it is given.
pub(crate) struct UniqueIds {
    /// For each id, the index of its row.
    pub(crate) rows: Vec<usize>,
    /// For each row, the index of its first id.
    pub(crate) ids: Vec<usize>,
}

impl UniqueIds {
    pub(crate) fn of<K: Eq + Hash>(ids: &[K]) -> UniqueIds {
        let mut seen = HashMap::with_capacity(ids.len());
        let mut unique = UniqueIds { rows: Vec::with_capacity(ids.len()), ids: Vec::new() };
        for (at, id) in ids.iter().enumerate() {
            let row = *seen.entry(id).or_insert(unique.ids.len());
            if row == unique.ids.len() {
                unique.ids.push(at);
            }
            unique.rows.push(row);
        }
        unique
    }
}

#[cfg(test)]
mod tests;
