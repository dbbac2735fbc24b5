//! The cache-aside flow for many rows at once: look at all of them, load once what is missing, store what may
//! be stored.
//!
//! [`many`] is generic over the function and thin, as [`cached`](super::cached) is; [`Batch`] does the rest on
//! bytes. A batch with misses costs three round trips however many they are: one that reads, one that acquires,
//! and after the load one that fills. Its entries are those of the function that loads one row.
//!
//! Callers of one process do not share their loads of a batch, as they do those of a row: what overlaps of two
//! batches is not known before both have looked. With `lock` their leases decide.

mod acquire;
mod lead;
mod look;
mod lookup;
mod row;

use std::{future::Future, hash::Hash};

use serde::{Serialize, de::DeserializeOwned};

pub(crate) use self::lookup::Batch;
use self::lookup::Next;
use crate::{
    codec,
    rows::{Places, Rows},
};

/// Answers one call of a batch over `ids`.
///
/// The load runs at most once, with the ids whose rows are missing in the order in which they first occur; not
/// at all where none is, or where there are no ids. `batch` has one row for each of `places`.
pub(crate) async fn many<R, K, L, F>(
    mut batch: Batch<'_>,
    ids: &[K],
    places: &Places,
    load: L,
) -> R::Output
where
    R: Rows<K>,
    R::Stored: Serialize + DeserializeOwned,
    K: Clone + Eq + Hash,
    L: FnOnce(Vec<K>) -> F,
    F: Future<Output = R::Output>,
{
    let mut rows: Vec<Option<R::Stored>> = places.ids.iter().map(|_| None).collect();
    batch.look().await;
    decode(&mut batch, &mut rows);
    batch.missed();
    // What only a miss needs is boxed: a hit's future is smaller, and so is that of every caller above.
    while !batch.is_answered() {
        if let Next::Found = Box::pin(batch.next()).await {
            decode(&mut batch, &mut rows);
            continue;
        }
        let missing = batch.missing();
        let asked: Vec<K> = missing.iter().map(|&row| ids[places.ids[row]].clone()).collect();
        let load = {
            let asked = asked.clone();
            async move { load(asked).await }
        };
        let loaded = R::split(Box::pin(batch.drive(load)).await, &asked);
        batch.timed(loaded.is_ok());
        match loaded {
            Ok(loaded) => {
                let fills = missing.iter().zip(&loaded);
                let fills = fills.filter_map(|(&row, loaded)| batch.fill(row, loaded)).collect();
                Box::pin(batch.store(fills)).await;
                missing.into_iter().zip(loaded).for_each(|(row, loaded)| rows[row] = Some(loaded));
            }
            Err(failed) => {
                batch.failed();
                Box::pin(batch.look_for_stale()).await;
                decode(&mut batch, &mut rows);
                if !batch.is_answered() {
                    return failed;
                }
            }
        }
        break;
    }
    R::join(ids, &places.rows, rows.into_iter().flatten().collect())
}

/// Decodes the entries that have been found.
fn decode<T: DeserializeOwned>(batch: &mut Batch<'_>, rows: &mut [Option<T>]) {
    for (row, entry) in batch.take_found() {
        match codec::decode(&entry, &batch.policy.encoding) {
            Ok(stored) => {
                batch.answered(row, &entry);
                rows[row] = Some(stored);
            }
            Err(error) => batch.reject(row, &entry, &error),
        }
    }
}

#[cfg(test)]
mod tests;
