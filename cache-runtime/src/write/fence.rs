//! The fence of a write, as its caller has it: of its own, or that of a transaction.

use std::{sync::Arc, time::Duration};

use super::invalidate::{fence_in_transaction, invalidate_keys};
use crate::{
    error::Error,
    fences::{Fences, Settled},
    guard::{Guard, Value},
    protocol::Nonce,
    shared::Inner,
    telemetry::log_unconfirmed,
    transaction::{Fenced, Scope},
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
///
/// # In a transaction
///
/// A fence that is raised in the scope of a [`transaction`](crate::transaction()) belongs to that. It is settled with the
/// transaction's other fences, whether it is settled or dropped before.
#[must_use = "a fence keeps its keys out of the cache until it is settled"]
pub struct Fence {
    held: Held,
}

enum Held {
    /// Fences of its own. None where the cache is disabled.
    Own(Option<Fences>),
    /// Fences of a transaction.
    Scoped { scope: Arc<Scope>, guard: Arc<Guard>, fenced: Fenced },
}

impl Fence {
    /// Fences the keys.
    pub(crate) async fn raise(inner: &Inner, mut keys: Vec<String>) -> Fence {
        let Some(guard) = &inner.guard else {
            return Fence { held: Held::Own(None) };
        };
        // A key that is named twice has one writer, not two that contend.
        keys.sort_unstable();
        keys.dedup();
        if let Some((scope, fenced)) = fence_in_transaction(inner, guard, &keys).await {
            return Fence { held: Held::Scoped { scope, guard: Arc::clone(guard), fenced } };
        }
        let keys = keys.into_iter().map(Arc::from).collect();
        Fence { held: Held::Own(Some(Fences::raise(guard, keys, inner.fence_life).await)) }
    }

    /// Whether every key is fenced in the store.
    ///
    /// Where it is not (the store cannot be reached), the write is still safe to make, and this process serves no
    /// cached copy of the keys. Other processes may serve the old value until the settlement arrives.
    pub fn stands(&self) -> bool {
        match &self.held {
            Held::Own(fences) => fences.as_ref().is_none_or(Fences::stand),
            Held::Scoped { fenced, .. } => fenced.stands,
        }
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

    /// Ends the fence `time` after the write, in the background: for loaders that read from a replica of the database, which
    /// may lag behind by as much. Until then every call loads, and nothing is stored.
    ///
    /// In a transaction the time begins after the commit, with the settlement of the transaction's fences, all of which stand for
    /// as long. A process that ends meanwhile leaves the fence to fall by itself, 10 s after its last renewal by default.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let cache = cache_runtime::Cache::in_memory();
    /// use std::time::Duration;
    ///
    /// let fence = cache.fence(["account:1"]).await;
    /// // … write, and commit …
    /// fence.settle_after(Duration::from_secs(2));
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub fn settle_after(self, time: Duration) {
        if let Held::Scoped { scope, .. } = &self.held
            && scope.hold(time)
        {
            return;
        }
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            self.settle().await;
        });
    }

    /// As [`settle`](Fence::settle), for a caller that has to know whether the store has confirmed it. The caller's write
    /// is committed either way: do not answer it with this error. In a transaction it returns whether the keys are fenced.
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
        self.leave(|_| None).await.map(drop)
    }

    /// As [`try_settle`](Fence::try_settle), leaving under each key what `value` says, if no other writer has been at work
    /// there.
    ///
    /// Nothing is left where the store has not confirmed the fence: it may be raised only now, after others have
    /// written.
    pub(crate) async fn leave(
        self,
        value: impl FnMut(&str) -> Option<Value>,
    ) -> Result<Settled, Error> {
        let nothing = |()| Settled::default();
        match self.held {
            Held::Own(None) => Ok(Settled::default()),
            Held::Own(Some(fences)) => fences.settle(value).await,
            Held::Scoped { scope, fenced, .. } if scope.is_open() => {
                fenced.confirmed().map(nothing)
            }
            Held::Scoped { scope, guard, fenced } => {
                scope.warn();
                invalidate_keys(&guard, fenced.keys).await.map(nothing)
            }
        }
    }

    /// The epoch under which this very key is fenced in the store, where it is.
    pub(crate) fn epoch(&self, key: &str) -> Option<Nonce> {
        match &self.held {
            Held::Own(fences) => fences.as_ref()?.epoch(key),
            Held::Scoped { .. } => None,
        }
    }

    pub(crate) fn keys(&self) -> u64 {
        match &self.held {
            Held::Own(fences) => fences.as_ref().map_or(0, |fences| fences.keys().len() as u64),
            Held::Scoped { fenced, .. } => fenced.keys.len() as u64,
        }
    }
}

impl std::fmt::Debug for Fence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut list = f.debug_list();
        match &self.held {
            Held::Own(fences) => list.entries(fences.iter().flat_map(Fences::keys)),
            Held::Scoped { fenced, .. } => list.entries(&fenced.keys),
        };
        list.finish()
    }
}
