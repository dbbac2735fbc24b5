//! Fences: raised on all keys of a write at once, renewed while it is at work, settled after it.
//!
//! Each key's steps are sent by themselves, some hundreds at the same time: one round trip for most writes. So one that is
//! not answered keeps none from being confirmed.

use std::{mem, sync::Arc, time::Duration};

use tokio::{runtime::Handle, task::AbortHandle, time};

use super::invalidate::log_unconfirmed;
use crate::{
    error::Error,
    guard::{Guard, KeyWrite, Value, abandon},
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
    keys: Vec<KeyWrite>,
    life: Duration,
    renewal: Option<Renewal>,
}

impl Fence {
    /// Fences the keys.
    pub(crate) async fn raise(inner: &Inner, mut keys: Vec<String>) -> Fence {
        let life = inner.fence_life;
        let mut fence = Fence { guard: inner.guard.clone(), keys: Vec::new(), life, renewal: None };
        let Some(guard) = &inner.guard else { return fence };
        // A key that is named twice has one writer, not two that contend.
        keys.sort_unstable();
        keys.dedup();
        let raised = keys.into_iter().map(|key| async {
            let outcome = guard.fence(key.into(), nonce(), life).await;
            if let Some(error) = outcome.error {
                let key = guard.shown(outcome.write.key());
                tracing::warn!(key, %error, "a write could not fence its cache key");
            }
            outcome.write
        });
        guard.each(raised, |write| fence.keys.push(write)).await;
        fence.renewal = Renewal::start(guard, &fence.keys, life);
        fence
    }

    /// Whether every key is fenced in the store.
    ///
    /// Where it is not (the store cannot be reached), the write is still safe to make, and this process serves no
    /// cached copy of the keys. Other processes may serve the old value until the settlement arrives.
    pub fn stands(&self) -> bool {
        self.keys.iter().all(KeyWrite::is_fenced)
    }

    /// This fence, if every key is fenced in the store. It is for a write that must not be made while other processes may
    /// go on serving the old value. The attributes' `on_unavailable = "error"` does this.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), cache_runtime::Error> {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// let fence = cache.fence(["account:1", "account:2"]).await.confirmed().await?;
    /// // … move the money, and commit …
    /// fence.settle().await;
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
        self.settle().await;
        Err(Error::Unavailable(
            "the keys could not be fenced, so the write was refused before it began".into(),
        ))
    }

    /// Ends the fence, after the write: the keys are empty, and the next read loads.
    ///
    /// It cannot fail, since the write may be committed: what the store does not confirm within the deadline is logged and
    /// sent again in the background, as by [`Cache::invalidate`](crate::Cache::invalidate). Use
    /// [`try_settle`](Fence::try_settle) to know.
    ///
    /// # Cancellation
    ///
    /// As [dropping](Fence#dropping).
    pub async fn settle(self) {
        log_unconfirmed("settle", self.try_settle().await);
    }

    /// As [`settle`](Fence::settle), for a caller that has to know whether the store has confirmed it. The caller's write
    /// is committed either way: do not answer it with this error.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] or [`Error::Refused`] where the store has not confirmed it. Then the keys are emptied in the
    /// background until the store confirms that; a fence that stands falls by itself within its time.
    ///
    /// # Cancellation
    ///
    /// As [dropping](Fence#dropping).
    pub async fn try_settle(self) -> Result<(), Error> {
        self.leave(|_| None).await
    }

    /// As [`try_settle`](Fence::try_settle), leaving under each key what `value` says, if no other writer has been at work
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
        let Some(guard) = self.guard.clone() else { return Ok(()) };
        let mut all = Ok(());
        let settled = mem::take(&mut self.keys).into_iter().map(|write| {
            let value = if write.is_fenced() { value(write.key()) } else { None };
            write.settle(value)
        });
        guard.each(settled, |one| all = mem::replace(&mut all, Ok(())).and(one)).await;
        all
    }

    /// The epoch under which this very key is fenced in the store, where it is.
    pub(crate) fn epoch(&self, key: &str) -> Option<Nonce> {
        let at = self.keys.binary_search_by(|write| (**write.key()).cmp(key)).ok()?;
        self.keys[at].is_fenced().then(|| self.keys[at].epoch())
    }

    pub(crate) fn keys(&self) -> u64 {
        self.keys.len() as u64
    }
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(KeyWrite::key)).finish()
    }
}

/// The task that renews a fence. Dropping it ends it.
struct Renewal(AbortHandle);

impl Renewal {
    fn start(guard: &Arc<Guard>, keys: &[KeyWrite], life: Duration) -> Option<Renewal> {
        let runtime = Handle::try_current().ok()?;
        let fenced = keys.iter().filter(|write| write.is_fenced());
        let fences: Vec<_> = fenced.map(|write| (Arc::clone(write.key()), write.epoch())).collect();
        let task = runtime.spawn(renew(Arc::clone(guard), fences, life));
        Some(Renewal(task.abort_handle()))
    }
}

/// Renews the fences of these epochs three times in their life, for as long as the store says that they stand.
///
/// An unreachable store is asked again at the next turn: two turns can be missed before the life is over.
async fn renew(guard: Arc<Guard>, mut fences: Vec<(Arc<str>, Nonce)>, life: Duration) {
    while !fences.is_empty() {
        time::sleep(life / 3).await;
        let guard = &*guard;
        let renewals = fences.clone().into_iter().map(|(key, epoch)| async move {
            guard.run(&key, Step::Renew { expected: Expected::Fence(epoch), life }).await
        });
        let mut stand = Vec::with_capacity(fences.len());
        guard.each(renewals, |reply| stand.push(reply != Ok(Reply::Superseded))).await;
        let mut stand = stand.into_iter();
        fences.retain(|_| stand.next() == Some(true));
    }
}

impl Drop for Fence {
    fn drop(&mut self) {
        let fences: Vec<_> = self.keys.iter_mut().filter_map(KeyWrite::take_fence).collect();
        if let Some(guard) = self.guard.as_ref().filter(|_| !fences.is_empty()) {
            abandon(guard, fences, self.life);
        }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}
