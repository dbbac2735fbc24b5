//! The cache-aside flow for many rows at once: look at all of them, load once what is missing, store what may
//! be stored.
//!
//! [`many`] and [`many_owned`] are generic over the function and thin, as [`cached`](super::cached) is; [`Batch`] does
//! the rest on bytes. A batch with misses costs three round trips however many they are: one that reads, one that
//! acquires, and after the load one that fills. Its entries are those of the function that loads one row.
//!
//! Callers of one process do not share their loads of a batch, as they do those of a row: what overlaps of two
//! batches is not known before both have looked. With `lock` their leases decide.

mod acquire;
mod audit;
mod lead;
mod look;
mod lookup;
mod patience;
mod refresh;
mod row;
mod terms;

use std::{future::Future, hash::Hash};

use serde::{Serialize, de::DeserializeOwned};

use self::lookup::Next;
pub(crate) use self::{lookup::Batch, terms::Terms};
use crate::{
    codec,
    read::{Plan, audit::differ},
    return_shape::{Places, Rows},
};

/// Answers one call of a batch over `ids`.
///
/// The load runs at most once, with the ids whose rows are missing, and those that are audited, in the order in which
/// they first occur; not at all where there is none, or where there are no ids. `batch` has one row for each of
/// `places`.
pub(crate) async fn many<R, K, H, L, F>(
    mut batch: Batch<'_>,
    ids: &[K],
    places: &Places,
    hooks: H,
    load: L,
) -> R::Output
where
    R: Rows<K, Output = F::Output>,
    R::Stored: Serialize + DeserializeOwned,
    K: Clone + Eq + Hash,
    H: FnMut(&R::Stored, &mut Plan),
    L: FnOnce(Vec<K>) -> F,
    F: Future,
{
    let mut rows: Vec<Option<R::Stored>> = places.ids.iter().map(|_| None).collect();
    batch.look().await;
    decode(&mut batch, &mut rows);
    batch.missed();
    if batch.wants_more() {
        let id = |row: usize| ids[places.ids[row]].clone();
        // What only a miss needs is boxed: a hit's future is smaller, and so is that of every caller above.
        let missed = Box::pin(miss::<R, K, H, L, F>(&mut batch, &mut rows, id, hooks, load)).await;
        if let Err(failed) = missed {
            return failed;
        }
    }
    R::join(ids, &places.rows, rows.into_iter().flatten().collect())
}

/// As [`many`], for loads that can go on without the caller: each call of `load` gives one, and each of `hooks` what
/// looks at its values.
pub(crate) async fn many_owned<R, K, H, G, L, M, F>(
    batch: Batch<'_>,
    ids: &[K],
    places: &Places,
    hooks: H,
    load: L,
) -> R::Output
where
    R: Rows<K, Output = F::Output> + 'static,
    R::Output: Send + 'static,
    R::Stored: Serialize + DeserializeOwned + Send,
    K: Clone + Eq + Hash + Send + 'static,
    H: Fn() -> G,
    G: FnMut(&R::Stored, &mut Plan) + Send + 'static,
    L: Fn() -> M,
    M: FnOnce(Vec<K>) -> F + Send + 'static,
    F: Future + Send + 'static,
{
    let mut batch = batch.renewing();
    let mut rows: Vec<Option<R::Stored>> = places.ids.iter().map(|_| None).collect();
    let id = |row: usize| ids[places.ids[row]].clone();
    batch.look().await;
    decode(&mut batch, &mut rows);
    refresh::spawn::<R, K, H, G, L, M, F>(&mut batch, id, &hooks, &load);
    batch.missed();
    if batch.wants_more() {
        let (hooks, load) = (hooks(), load());
        let soft = batch.soft_timeout();
        let soft = soft.and_then(|patience| Some((patience, batch.decode_stale()?)));
        let missed = match soft {
            Some(soft) => {
                let waiting =
                    patience::wait::<R, K, G, M, F>(&mut batch, &mut rows, soft, id, hooks, load);
                Box::pin(waiting).await
            }
            None => Box::pin(miss::<R, K, G, M, F>(&mut batch, &mut rows, id, hooks, load)).await,
        };
        if let Err(failed) = missed {
            return failed;
        }
    }
    R::join(ids, &places.rows, rows.into_iter().flatten().collect())
}

/// Answers the rows that have no value yet, and compares those that are audited with what is loaded. `id` is what a row
/// is asked for by. `Err` is the output of a failed load.
async fn miss<R, K, H, L, F>(
    batch: &mut Batch<'_>,
    rows: &mut [Option<R::Stored>],
    id: impl Fn(usize) -> K,
    mut hooks: H,
    load: L,
) -> Result<(), R::Output>
where
    R: Rows<K, Output = F::Output>,
    R::Stored: Serialize + DeserializeOwned,
    K: Clone + Eq + Hash,
    H: FnMut(&R::Stored, &mut Plan),
    L: FnOnce(Vec<K>) -> F,
    F: Future,
{
    while !batch.is_answered() {
        match batch.next().await {
            Next::Found => decode(batch, rows),
            Next::Load => break,
        }
    }
    let audited = batch.take_audited();
    let mut asked = batch.missing();
    asked.extend(audited.iter().map(|(row, _)| *row));
    asked.sort_unstable();
    if asked.is_empty() {
        return Ok(());
    }
    batch.counters.audits.add(audited.len() as u64);
    match run::<R, K, L, F>(batch, &asked, id, load).await {
        Ok(loaded) => {
            let missing = asked.iter().zip(&loaded).filter(|(row, _)| rows[**row].is_none());
            let fills = missing.filter_map(|(&row, loaded)| {
                let ttl = Plan::ttl_of(loaded, batch.policy, |plan| hooks(loaded, plan));
                batch.fill(row, loaded, ttl)
            });
            let fills = fills.collect();
            batch.store(fills).await;
            let differing = audited.into_iter().filter(|(row, _)| {
                let loaded = asked.binary_search(row).map(|at| &loaded[at]);
                rows[*row].as_ref().zip(loaded.ok()).is_some_and(|(a, b)| differ(a, b))
            });
            batch.count_stale(differing.collect()).await;
            asked.into_iter().zip(loaded).for_each(|(row, loaded)| rows[row] = Some(loaded));
        }
        Err(failed) => {
            batch.failed();
            batch.look_for_stale().await;
            decode(batch, rows);
            if !batch.is_answered() {
                return Err(failed);
            }
        }
    }
    Ok(())
}

/// Runs the load of the rows `asked`: one value for each of them, or the output of a load that has failed.
async fn run<R, K, L, F>(
    batch: &mut Batch<'_>,
    asked: &[usize],
    id: impl Fn(usize) -> K,
    load: L,
) -> Result<Vec<R::Stored>, R::Output>
where
    R: Rows<K, Output = F::Output>,
    K: Clone + Eq + Hash,
    L: FnOnce(Vec<K>) -> F,
    F: Future,
{
    let ids: Vec<K> = asked.iter().map(|&row| id(row)).collect();
    let load = {
        let ids = ids.clone();
        async move { load(ids).await }
    };
    let loaded = R::split(batch.drive(asked, load).await, &ids);
    batch.timed(loaded.is_ok());
    loaded
}

/// Decodes the entries that have been found.
fn decode<T: DeserializeOwned>(batch: &mut Batch<'_>, rows: &mut [Option<T>]) {
    for (row, hit) in batch.take_found() {
        match codec::decode(&hit.entry, &batch.policy.encoding) {
            Ok(stored) => {
                batch.answered(row, hit);
                rows[row] = Some(stored);
            }
            Err(error) => batch.reject(row, &hit.entry, &error),
        }
    }
}

#[cfg(test)]
mod tests;
