//! Batches that return a map of the rows that exist.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, Hash},
    marker::PhantomData,
};

use super::{LoadedRows, Marker, Rows, Split};

/// `HashMap<K, V, S>`. A missing row is stored as `None`, if at all.
#[derive(Debug)]
pub struct Hashed<V, S>(Marker<(V, S)>);

/// `BTreeMap<K, V>`, likewise.
#[derive(Debug)]
pub struct Sorted<V>(Marker<V>);

/// What the two have in common.
macro_rules! map {
    ($map:ty) => {
        type Output = $map;
        type Stored = Option<V>;
        type Value = V;
        type Row = (K, V);

        fn value(stored: &Option<V>) -> Option<&V> {
            stored.as_ref()
        }

        fn split(&self, mut output: $map, ids: &[K]) -> Result<Split<Option<V>, (K, V)>, $map> {
            let rows = ids.iter().map(|id| Some(output.remove(id))).collect();
            Ok(Split { rows, unmatched: output.into_iter().collect() })
        }

        fn join(
            &self,
            ids: &[K],
            unique: &[usize],
            answers: Vec<Option<Option<V>>>,
            unmatched: Vec<(K, V)>,
        ) -> $map {
            let mut output: $map = unmatched.into_iter().collect();
            for (&at, answer) in unique.iter().zip(answers) {
                match answer {
                    Some(Some(value)) => {
                        output.insert(ids[at].clone(), value);
                    }
                    Some(None) => {
                        output.remove(&ids[at]);
                    }
                    None => {}
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

impl<K: Clone + Eq + Hash, V, S: BuildHasher + Default> LoadedRows<K> for HashMap<K, V, S> {
    type Rows = Hashed<V, S>;
}

impl<K: Clone + Ord, V> LoadedRows<K> for BTreeMap<K, V> {
    type Rows = Sorted<V>;
}

impl<V, S> Clone for Hashed<V, S> {
    fn clone(&self) -> Self {
        Hashed(PhantomData)
    }
}

impl<V, S> Default for Hashed<V, S> {
    fn default() -> Self {
        Hashed(PhantomData)
    }
}

impl<V> Clone for Sorted<V> {
    fn clone(&self) -> Self {
        Sorted(PhantomData)
    }
}

impl<V> Default for Sorted<V> {
    fn default() -> Self {
        Sorted(PhantomData)
    }
}
