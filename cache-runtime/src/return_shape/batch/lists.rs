//! Batches that return a list: of pairs, or of rows whose ids a function gives.

use std::{collections::HashMap, fmt, hash::Hash, marker::PhantomData};

use super::{FallibleRows, LoadedRows, Marker, Rows, Split};

/// The ids of a batch, to look up those of its rows.
#[derive(Debug)]
pub struct Place<'a, K>(HashMap<&'a K, usize>);

impl<'a, K: Eq + Hash> Place<'a, K> {
    fn of(ids: impl Iterator<Item = &'a K>) -> Self {
        Place(ids.enumerate().map(|(at, id)| (id, at)).collect())
    }

    /// The index of an id, if it is one of them.
    pub fn of_id(&self, id: &K) -> Option<usize> {
        self.0.get(id).copied()
    }
}

/// Gives the index of the id to which a row belongs.
pub(crate) type PlaceOf<V, K> = fn(&V, &Place<'_, K>) -> Option<usize>;

/// `Vec<(K, V)>`: rows with their ids. A missing row is stored as `None`, if at all.
#[derive(Debug)]
pub struct Paired<V>(Marker<V>);

/// `Vec<V>`, with one row for an id. A missing row is stored as `None`, if at all.
pub struct Identified<V, K>(PlaceOf<V, K>);

/// `Vec<V>`, with any number of rows for an id.
pub struct Grouped<V, K>(PlaceOf<V, K>);

impl<K: Clone + Eq + Hash, V> Rows<K> for Paired<V> {
    type Output = Vec<(K, V)>;
    type Stored = Option<V>;
    type Value = V;
    type Row = (K, V);

    fn value(stored: &Option<V>) -> Option<&V> {
        stored.as_ref()
    }

    fn split(
        &self,
        output: Vec<(K, V)>,
        ids: &[K],
    ) -> Result<Split<Option<V>, (K, V)>, Vec<(K, V)>> {
        let Split { rows, unmatched } = split_one(output, ids, |(id, _), ids| ids.of_id(id));
        let value = |row: Option<(K, V)>| row.map(|(_, value)| value);
        Ok(Split { rows: rows.into_iter().map(|row| row.map(value)).collect(), unmatched })
    }

    fn join(
        &self,
        ids: &[K],
        unique: &[usize],
        answers: Vec<Option<Option<V>>>,
        unmatched: Vec<(K, V)>,
    ) -> Vec<(K, V)> {
        let unmatched = unanswered(ids, unique, &answers, unmatched, |(id, _), ids| ids.of_id(id));
        let answers = unique.iter().zip(answers);
        let answers =
            answers.filter_map(|(&at, answer)| answer.flatten().map(|row| (ids[at].clone(), row)));
        answers.chain(unmatched).collect()
    }
}

impl<K: Eq + Hash, V> Rows<K> for Identified<V, K> {
    type Output = Vec<V>;
    type Stored = Option<V>;
    type Value = V;
    type Row = V;

    fn value(stored: &Option<V>) -> Option<&V> {
        stored.as_ref()
    }

    fn split(&self, output: Vec<V>, ids: &[K]) -> Result<Split<Option<V>, V>, Vec<V>> {
        Ok(split_one(output, ids, self.0))
    }

    fn join(
        &self,
        ids: &[K],
        unique: &[usize],
        answers: Vec<Option<Option<V>>>,
        unmatched: Vec<V>,
    ) -> Vec<V> {
        let unmatched = unanswered(ids, unique, &answers, unmatched, self.0);
        answers.into_iter().flatten().flatten().chain(unmatched).collect()
    }
}

impl<K: Eq + Hash, V> Rows<K> for Grouped<V, K> {
    type Output = Vec<V>;
    type Stored = Vec<V>;
    type Value = Vec<V>;
    type Row = V;

    fn value(stored: &Vec<V>) -> Option<&Vec<V>> {
        Some(stored)
    }

    fn split(&self, output: Vec<V>, ids: &[K]) -> Result<Split<Vec<V>, V>, Vec<V>> {
        let places = Place::of(ids.iter());
        let mut rows: Vec<_> = ids.iter().map(|_| Some(Vec::new())).collect();
        let mut unmatched = Vec::new();
        for row in output {
            match (self.0)(&row, &places).and_then(|at| rows[at].as_mut()) {
                Some(group) => group.push(row),
                None => unmatched.push(row),
            }
        }
        Ok(Split { rows, unmatched })
    }

    fn join(
        &self,
        ids: &[K],
        unique: &[usize],
        answers: Vec<Option<Vec<V>>>,
        unmatched: Vec<V>,
    ) -> Vec<V> {
        let unmatched = unanswered(ids, unique, &answers, unmatched, self.0);
        answers.into_iter().flatten().flatten().chain(unmatched).collect()
    }
}

/// The row of each id, where an id may have one. Which of two is it, nobody knows.
fn split_one<K: Eq + Hash, V>(
    output: Vec<V>,
    ids: &[K],
    place_of: impl Fn(&V, &Place<'_, K>) -> Option<usize>,
) -> Split<Option<V>, V> {
    let places = Place::of(ids.iter());
    let at: Vec<_> = output.iter().map(|row| place_of(row, &places)).collect();
    let mut count = vec![0_usize; ids.len()];
    at.iter().flatten().for_each(|&at| count[at] += 1);
    let mut rows: Vec<_> = count.iter().map(|&count| (count < 2).then_some(None)).collect();
    let mut unmatched = Vec::new();
    for (row, at) in output.into_iter().zip(at) {
        match at {
            Some(at) if count[at] == 1 => rows[at] = Some(Some(row)),
            _ => unmatched.push(row),
        }
    }
    Split { rows, unmatched }
}

/// The unmatched rows, without those of an id that has an answer: the caller would have two of them.
fn unanswered<K: Eq + Hash, V, T>(
    ids: &[K],
    unique: &[usize],
    answers: &[Option<T>],
    mut unmatched: Vec<V>,
    place_of: impl Fn(&V, &Place<'_, K>) -> Option<usize>,
) -> Vec<V> {
    if !unmatched.is_empty() {
        let places = Place::of(unique.iter().map(|&at| &ids[at]));
        unmatched.retain(|row| place_of(row, &places).is_none_or(|at| answers[at].is_none()));
    }
    unmatched
}

impl<K: Clone + Eq + Hash, V> LoadedRows<K> for Vec<(K, V)> {
    type Rows = Paired<V>;
}

/// A list of rows, alone or in a `Result`.
#[diagnostic::on_unimplemented(
    message = "`id` is for a batch that returns a list of rows, and this one returns `{Self}`",
    label = "not a `Vec`, and not a `Result` of one",
    note = "return `Vec<Row>`, alone or in a `Result`; or remove `id`: a map says itself which row belongs to which id"
)]
pub trait LoadedList<K>: Sized {
    /// A row.
    type Row;
    /// How it is split where an id has one row.
    type ById: Rows<K, Output = Self>;
    /// How it is split where an id may have many.
    type ByGroup: Rows<K, Output = Self>;

    /// With one row for an id.
    fn by_id(place_of: PlaceOf<Self::Row, K>) -> Self::ById;
    /// With many.
    fn by_group(place_of: PlaceOf<Self::Row, K>) -> Self::ByGroup;
}

impl<K: Eq + Hash, V> LoadedList<K> for Vec<V> {
    type Row = V;
    type ById = Identified<V, K>;
    type ByGroup = Grouped<V, K>;

    fn by_id(place_of: PlaceOf<V, K>) -> Identified<V, K> {
        Identified(place_of)
    }

    fn by_group(place_of: PlaceOf<V, K>) -> Grouped<V, K> {
        Grouped(place_of)
    }
}

impl<K, O: LoadedList<K>, E> LoadedList<K> for Result<O, E> {
    type Row = O::Row;
    type ById = FallibleRows<O::ById, E>;
    type ByGroup = FallibleRows<O::ByGroup, E>;

    fn by_id(place_of: PlaceOf<O::Row, K>) -> Self::ById {
        FallibleRows(O::by_id(place_of), PhantomData)
    }

    fn by_group(place_of: PlaceOf<O::Row, K>) -> Self::ByGroup {
        FallibleRows(O::by_group(place_of), PhantomData)
    }
}

impl<V> Clone for Paired<V> {
    fn clone(&self) -> Self {
        Paired(PhantomData)
    }
}

impl<V> Default for Paired<V> {
    fn default() -> Self {
        Paired(PhantomData)
    }
}

macro_rules! by_function {
    ($($rows:ident)*) => {$(
        impl<V, K> Clone for $rows<V, K> {
            fn clone(&self) -> Self {
                $rows(self.0)
            }
        }

        impl<V, K> fmt::Debug for $rows<V, K> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($rows)).finish_non_exhaustive()
            }
        }
    )*};
}

by_function!(Identified Grouped);
