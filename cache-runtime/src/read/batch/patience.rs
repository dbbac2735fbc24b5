//! A load that is waited for no longer than `soft_timeout` says, and goes on: what has expired is served then.

use std::{future::Future, hash::Hash, sync::Arc, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{sync::oneshot, time};

use super::{lookup::Batch, miss};
use crate::{codec, read::Plan, return_shape::Rows};

/// A row's value in the answer of a task, and whether that is the one that has expired.
struct Answer<T> {
    stored: T,
    stale: bool,
}

impl Batch<'_> {
    /// How long the caller waits, if every row that is missing has a value to be served in the load's place. Where one
    /// has none, the one load of all of them has to be waited for.
    pub(super) fn soft_timeout(&self) -> Option<Duration> {
        let patience = self.policy.soft_timeout?;
        let missing = self.missing();
        let covered = missing.iter().all(|&row| self.rows[row].stale.is_some());
        (covered && !missing.is_empty()).then_some(patience)
    }

    /// Decodes the values that have expired. One that cannot be read is noted, and there is nothing to serve.
    pub(super) fn decode_stale<T: DeserializeOwned>(&mut self) -> Option<Vec<(usize, T)>> {
        let mut kept = Vec::new();
        for row in self.missing() {
            let entry = self.rows[row].stale.as_ref()?.entry.clone();
            match codec::decode(&entry, &self.policy.encoding) {
                Ok(stored) => kept.push((row, stored)),
                Err(error) => {
                    self.reject(row, &entry, &error);
                    return None;
                }
            }
        }
        Some(kept)
    }
}

/// Loads what is missing in a task of its own, and serves `kept` where that takes longer than `patience`. `id` is what
/// a row is asked for by. Hits are not audited by such a call: its caller is not to wait for them either.
pub(super) async fn wait<R, K, G, M, F>(
    batch: &mut Batch<'_>,
    rows: &mut [Option<R::Stored>],
    (patience, kept): (Duration, Vec<(usize, R::Stored)>),
    id: impl Fn(usize) -> K,
    hooks: G,
    load: M,
) -> Result<(), R::Output>
where
    R: Rows<K, Output = F::Output> + 'static,
    R::Output: Send + 'static,
    R::Stored: Serialize + DeserializeOwned + Send,
    K: Clone + Eq + Hash + Send + 'static,
    G: FnMut(&R::Stored, &mut Plan) + Send + 'static,
    M: FnOnce(Vec<K>) -> F + Send + 'static,
    F: Future + Send + 'static,
{
    let ids = kept.iter().map(|(row, _)| id(*row)).collect();
    let loading = spawn_miss::<R, K, G, M, F>(batch, &kept, ids, hooks, load);
    let answers = match time::timeout(patience, loading).await {
        Ok(Ok(answers)) => answers?,
        // Too late, or it has panicked.
        _ => {
            for (row, stored) in kept {
                rows[row] = Some(stored);
                batch.answered_by_another(row, true);
            }
            return Ok(());
        }
    };
    for ((row, _), Answer { stored, stale }) in kept.into_iter().zip(answers) {
        rows[row] = Some(stored);
        batch.answered_by_another(row, stale);
    }
    Ok(())
}

/// The end of a task: a value for every row, or the output of a failed load.
type Ending<T, O> = Result<Vec<Answer<T>>, O>;

/// Answers the rows that are missing in a task of its own, which goes on when nobody waits for it any more.
fn spawn_miss<R, K, G, M, F>(
    batch: &Batch<'_>,
    missing: &[(usize, R::Stored)],
    ids: Vec<K>,
    hooks: G,
    load: M,
) -> oneshot::Receiver<Ending<R::Stored, R::Output>>
where
    R: Rows<K, Output = F::Output> + 'static,
    R::Output: Send + 'static,
    R::Stored: Serialize + DeserializeOwned + Send,
    K: Clone + Eq + Hash + Send + 'static,
    G: FnMut(&R::Stored, &mut Plan) + Send + 'static,
    M: FnOnce(Vec<K>) -> F + Send + 'static,
    F: Future + Send + 'static,
{
    let (answer, receiver) = oneshot::channel();
    let (terms, guard) = (batch.terms.clone(), Arc::clone(batch.guard));
    let missing = missing.iter().filter_map(|(row, _)| {
        let row = &batch.rows[*row];
        Some(row.replacing(row.stale.as_ref()?.entry.clone()))
    });
    let missing: Vec<_> = missing.collect();
    tokio::spawn(async move {
        let mut batch = Batch::of(&terms, &guard, missing);
        let mut rows: Vec<Option<R::Stored>> = batch.rows.iter().map(|_| None).collect();
        let id = move |row: usize| ids[row].clone();
        let missed = miss::<R, K, G, M, F>(&mut batch, &mut rows, id, hooks, load).await;
        let stale: Vec<bool> = batch.rows.iter().map(|row| row.is_stale()).collect();
        let answers = rows.into_iter().flatten().zip(stale);
        let answers = answers.map(|(stored, stale)| Answer { stored, stale });
        // Nobody may be waiting any more.
        _ = answer.send(missed.map(|()| answers.collect()));
    });
    receiver
}
