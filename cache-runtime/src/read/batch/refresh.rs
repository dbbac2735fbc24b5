//! Renewing rows of a batch in the background, while they are served.

use std::{future::Future, hash::Hash, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};
use tokio::runtime::Handle;

use super::{
    lookup::Batch,
    row::{Row, Standing},
    run,
    terms::Terms,
};
use crate::{guard::Guard, read::Plan, return_shape::Rows};

/// Renews in a task of its own what the first look has found to be due, but for rows that this process is at
/// already. Neither `hooks` nor `load` is called where nothing is left.
///
/// The process that is elected for a row, of the whole fleet, loads it; all rows for which it is this one are loaded
/// together. A write in between wins: a new value is stored only in the place of the very one that was seen.
pub(super) fn spawn<R, K, H, G, L, M, F>(
    batch: &mut Batch<'_>,
    id: impl Fn(usize) -> K,
    hooks: &H,
    load: &L,
) where
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
    let due = batch.take_due();
    if due.is_empty() {
        return;
    }
    let Ok(runtime) = Handle::try_current() else { return };
    let (mut renewals, mut rows, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (row, entry) in due {
        if let Some(renewal) = batch.terms.inner.refreshing.begin(&batch.rows[row].key) {
            renewals.push(renewal);
            rows.push(batch.rows[row].replacing(entry));
            ids.push(id(row));
        }
    }
    if rows.is_empty() {
        return;
    }
    let (terms, guard) = (batch.terms.clone(), Arc::clone(batch.guard));
    let (hooks, load) = (hooks(), load());
    runtime.spawn(async move {
        let _renewals = renewals;
        refresh::<R, K, G, M, F>(&terms, &guard, rows, ids, hooks, load).await;
    });
}

async fn refresh<R, K, G, M, F>(
    terms: &Terms,
    guard: &Arc<Guard>,
    rows: Vec<Row>,
    ids: Vec<K>,
    mut hooks: G,
    load: M,
) where
    R: Rows<K, Output = F::Output>,
    R::Stored: Serialize + DeserializeOwned,
    K: Clone + Eq + Hash,
    G: FnMut(&R::Stored, &mut Plan),
    M: FnOnce(Vec<K>) -> F,
    F: Future,
{
    let mut batch = Batch::of(terms, guard, rows);
    batch.acquire().await;
    // What others renew, and what was renewed or invalidated meanwhile, is not for this call to load.
    let elected = batch.elected();
    if elected.is_empty() {
        return;
    }
    terms.counters.refreshes.add_one();
    match run::<R, K, M, F>(&mut batch, &elected, move |row: usize| ids[row].clone(), load).await {
        Ok(loaded) => {
            let fills = elected.into_iter().zip(&loaded);
            let fills = fills.filter_map(|(row, loaded)| {
                let ttl = Plan::ttl_of(loaded, &terms.policy, |plan| hooks(loaded, plan));
                batch.fill(row, loaded, ttl)
            });
            let fills = fills.collect();
            batch.store(fills).await;
        }
        Err(_) => batch.failed(),
    }
}

impl Batch<'_> {
    /// The rows whose values this call has been elected to replace.
    fn elected(&self) -> Vec<usize> {
        let is_elected = |row: &usize| matches!(self.rows[*row].standing, Standing::Refreshing(_));
        (0..self.rows.len()).filter(is_elected).collect()
    }
}
