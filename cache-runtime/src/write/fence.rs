//! Fences: raised on all keys of a write at once, renewed while it is at work, settled after it.
//!
//! Each key's steps are sent by themselves, over the connection that is the key's own, and all at the same time: one
//! round trip, however many keys. One message for all of them would travel over the connection of the first key.
//! Where a fence's answer is not waited for any longer, the settlement could then overtake the fence, and leave it
//! standing.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::{runtime::Handle, task::AbortHandle, time};

use crate::{
    entry::Entry,
    error::Error,
    guard::{Guard, Unconfirmed},
    lease::renew,
    protocol::{Expected, Nonce, Reply, Step},
    shared::Inner,
    time::nonce,
};

/// Keys, or tags, that are fenced for a write.
///
/// While it stands, no cached copy of the keys is served, and nothing can be stored under them. It is
/// renewed for as long as it is held, so that a long transaction is covered.
///
/// # Dropping
///
/// A fence that is dropped without [`settle`](Fence::settle) stands for its time (10 s by default) and then
/// falls: the write may have been committed, so nothing may be cached until every load that could have
/// seen the old value has ended. Other writers of a key keep its fence up for as long as they are at work themselves, and
/// no longer. A key whose fence the store has not confirmed is emptied in the background.
#[must_use = "a fence keeps its keys out of the cache until it is settled"]
pub struct Fence {
    /// None where the cache is disabled.
    guard: Option<Arc<Guard>>,
    /// In the order of their names.
    keys: Vec<FencedKey>,
    life: Duration,
    renewal: Option<Renewal>,
}

struct FencedKey {
    key: Arc<str>,
    /// The epoch in force; where the store did not answer, the one that was proposed, which may stand.
    epoch: Nonce,
    /// Where the store has not confirmed the fence, this process keeps away from the key by itself.
    unconfirmed: Option<Unconfirmed>,
}

impl FencedKey {
    fn stands(&self) -> bool {
        self.unconfirmed.is_none()
    }
}

impl Fence {
    /// Fences the keys, all at once.
    pub(crate) async fn raise(inner: &Inner, mut keys: Vec<String>) -> Fence {
        let Some(guard) = &inner.guard else {
            return Fence { guard: None, keys: Vec::new(), life: inner.fence_life, renewal: None };
        };
        // A key that is named twice has one writer, not two that contend.
        keys.sort_unstable();
        keys.dedup();
        let life = inner.fence_life;
        let raised = keys.into_iter().map(|key| async {
            let key = key.into();
            let raised = guard.fence(&key, nonce(), life).await;
            let unconfirmed = raised.unconfirmed.map(|(error, unconfirmed)| {
                tracing::warn!(key = guard.shown(&key), %error, "a write could not fence its cache key");
                unconfirmed
            });
            FencedKey { key, epoch: raised.epoch, unconfirmed }
        });
        let keys: Vec<_> = join_all(raised).await;
        let renewal = Renewal::start(guard, &keys, life);
        Fence { guard: Some(Arc::clone(guard)), keys, life, renewal }
    }

    /// Whether every key is fenced in the store.
    ///
    /// Where it is not (the store cannot be reached), the write is still safe to make, and this process serves no
    /// cached copy of the keys. Other processes may serve the old value until the settlement arrives.
    pub fn stands(&self) -> bool {
        self.keys.iter().all(FencedKey::stands)
    }

    /// This fence, if every key is fenced in the store: for a write that is rather not made than made where other
    /// processes may go on serving the old value. The attributes' `on_unavailable = "error"` does this.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// let fence = cache.fence(["account:1", "account:2"]).await.confirmed().await?;
    /// // … move the money, and commit …
    /// fence.settle().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] where the store has not confirmed all of it. What stands of it is settled.
    pub async fn confirmed(self) -> Result<Fence, Error> {
        if self.stands() {
            return Ok(self);
        }
        // What cannot be told now is told again in the background.
        _ = self.settle().await;
        Err(Error::Unavailable(
            "the keys could not be fenced, so the write was refused before it began".into(),
        ))
    }

    /// Ends the fence, after the write: the keys are empty, and the next read loads.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Refused`] where the store could not be told. It is told again in the
    /// background until it knows; a fence that stands falls by itself within its time.
    ///
    /// # Cancellation
    ///
    /// As [dropping](Fence#dropping).
    pub async fn settle(self) -> Result<(), Error> {
        self.leave(|_| None).await
    }

    /// As [`settle`](Fence::settle), leaving under each key what `value` says, if no other writer has been at work
    /// there.
    ///
    /// Nothing is left where the store has not confirmed the fence: it may be raised only now, after others have
    /// written.
    pub(crate) async fn leave(
        mut self,
        mut value: impl FnMut(&str) -> Option<Value>,
    ) -> Result<(), Error> {
        // Before anything else, so that no renewal comes after the settlement.
        self.renewal = None;
        let Some(guard) = &self.guard else { return Ok(()) };
        let settled = self.keys.drain(..).map(|fenced| {
            let value = if fenced.stands() { value(&fenced.key) } else { None };
            settle(guard, fenced, value)
        });
        join_all(settled).await.into_iter().collect()
    }

    /// Whether this very key is fenced in the store.
    pub(crate) fn holds(&self, key: &str) -> bool {
        let at = self.keys.binary_search_by(|fenced| (*fenced.key).cmp(key));
        at.is_ok_and(|at| self.keys[at].stands())
    }

    pub(crate) fn keys(&self) -> u64 {
        self.keys.len() as u64
    }
}

impl Drop for Fence {
    /// A writer that is gone counts as one at work for as long as its fence stands, and that is prolonged by every other
    /// writer of the key: it is counted out when its own time is over.
    fn drop(&mut self) {
        let left = self.keys.drain(..).filter(FencedKey::stands);
        let left: Vec<_> = left.map(|fenced| (fenced.key, fenced.epoch)).collect();
        let (Some(guard), false) = (&self.guard, left.is_empty()) else { return };
        let Ok(runtime) = Handle::try_current() else { return };
        let (guard, life) = (Arc::downgrade(guard), self.life);
        runtime.spawn(async move {
            time::sleep(life).await;
            if let Some(guard) = guard.upgrade() {
                join_all(left.iter().map(|(key, epoch)| count_out(&guard, key, *epoch))).await;
            }
        });
    }
}

/// Settles the share of a writer that is gone in a fence that still stands. Best effort: it falls when nobody has written
/// for its time.
async fn count_out(guard: &Guard, key: &str, epoch: Nonce) {
    let found = guard.run(key, Step::Read).await;
    if matches!(found, Ok(Reply::Found(state)) if state.is(Expected::Fence(epoch))) {
        _ = guard.run(key, Step::Settle { epoch, value: None }).await;
    }
}

/// What a settlement leaves: a value with its stamp and life.
pub(crate) type Value = (Nonce, Entry, Duration);

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.key)).finish()
    }
}

/// Settles one key. An epoch that is not in force does what a delete does: a fence of others stays, contended.
async fn settle(guard: &Arc<Guard>, fenced: FencedKey, value: Option<Value>) -> Result<(), Error> {
    let step = Step::Settle { epoch: fenced.epoch, value };
    guard.complete_write(&fenced.key, step, fenced.unconfirmed).await
}

/// The task that renews a fence. Dropping it ends it.
struct Renewal(AbortHandle);

impl Renewal {
    fn start(guard: &Arc<Guard>, keys: &[FencedKey], life: Duration) -> Option<Renewal> {
        let runtime = Handle::try_current().ok()?;
        let renewals: Vec<_> = keys
            .iter()
            .filter(|key| key.stands())
            .map(|key| {
                let (guard, epoch, key) = (Arc::clone(guard), key.epoch, Arc::clone(&key.key));
                async move { renew(&guard, &key, Expected::Fence(epoch), life).await }
            })
            .collect();
        let task = runtime.spawn(async move { drop(join_all(renewals).await) });
        Some(Renewal(task.abort_handle()))
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}
