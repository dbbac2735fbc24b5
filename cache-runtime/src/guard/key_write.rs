//! The write of one key, from before its fence is sent until its settlement is confirmed.
//!
//! One guard goes with all of it. However the write ends, its key is pending until the store has confirmed that the old
//! value is gone:
//!
//! | the write | its key meanwhile | its key after a drop |
//! |---|---|---|
//! | its fence is sent | is as in the store: the write has not begun | is pending |
//! | its fence is confirmed | is fenced in the store | stays fenced for the fence's time; then its writer is no longer counted |
//! | its fence is not confirmed | is pending | stays pending |
//! | it is settled, or its key is emptied | is as before | is pending |
//! | it is over | | |

use std::{mem, pin::pin, sync::Arc, time::Duration};

use tokio::{runtime::Handle, time};

use super::{operation::Guard, pending::LogicalTime};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Expected, Nonce, Reply, Step},
    stats::NotStored,
    store_op::StoreOp,
};

/// What a settlement leaves: a value with its stamp and life.
pub(crate) type Value = (Nonce, Entry, Duration);

/// A write of one key. See the table above for what happens where it is dropped.
pub(crate) struct KeyWrite {
    guard: Arc<Guard>,
    key: Arc<str>,
    /// The epoch in force. Where the store has not confirmed the fence, the one that was proposed, which may stand.
    epoch: Nonce,
    life: Duration,
    stage: Stage,
}

enum Stage {
    /// The fence is sent.
    Fencing,
    /// The fence stands in the store.
    Fenced,
    /// The fence is not confirmed. The key is pending under this name.
    Unconfirmed(Arc<str>),
    /// A step that ends the write is sent. `own` is the fence that it settles, `name` that of an unconfirmed writer.
    Ending {
        own: Option<Nonce>,
        name: Option<Arc<str>>,
    },
    Over,
}

/// The outcome of a fence.
pub(crate) struct FenceOutcome {
    pub(crate) write: KeyWrite,
    /// Why the store has not confirmed it, where it has not.
    pub(crate) error: Option<Error>,
}

impl Guard {
    /// Fences a key for a write that is about to begin.
    pub(crate) async fn fence(
        self: &Arc<Self>,
        key: Arc<str>,
        proposed: Nonce,
        life: Duration,
    ) -> FenceOutcome {
        let sent = self.pending.now();
        let mut write =
            KeyWrite { guard: Arc::clone(self), key, epoch: proposed, life, stage: Stage::Fencing };
        let fence = Step::Fence { epoch: proposed, life };
        let error = match self.write(&write.key, fence, sent).await {
            Ok(Reply::Fenced(epoch)) => {
                // Whatever was there before is gone.
                self.pending.confirm(&write.key, sent);
                (write.epoch, write.stage) = (epoch, Stage::Fenced);
                return FenceOutcome { write, error: None };
            }
            Ok(_) => Error::Unavailable("the store did not fence the key".into()),
            Err(error) => error,
        };
        write.stage = Stage::Unconfirmed(self.pending.begin(&write.key));
        FenceOutcome { write, error: Some(error) }
    }

    /// The invalidation of a key, which is yet to be sent. If it is dropped instead, the key is pending.
    pub(crate) fn invalidation(self: &Arc<Self>, key: Arc<str>) -> KeyWrite {
        let (guard, epoch) = (Arc::clone(self), Nonce([0; 16]));
        let stage = Stage::Ending { own: None, name: None };
        KeyWrite { guard, key, epoch, life: Duration::ZERO, stage }
    }
}

impl KeyWrite {
    pub(crate) fn key(&self) -> &Arc<str> {
        &self.key
    }

    pub(crate) fn epoch(&self) -> Nonce {
        self.epoch
    }

    /// Empties the key of an [invalidation](Guard::invalidation). One that the store does not confirm is pending, and
    /// emptied in the background.
    pub(crate) async fn empty(self) -> Result<(), Error> {
        self.complete(Step::Delete).await.map(drop)
    }

    /// Leaves it to the caller what becomes of its fence, if that stands in the store.
    pub(crate) fn take_fence(&mut self) -> Option<(Arc<str>, Nonce)> {
        if !self.is_fenced() {
            return None;
        }
        self.stage = Stage::Over;
        Some((Arc::clone(&self.key), self.epoch))
    }

    /// Whether its fence stands in the store.
    pub(crate) fn is_fenced(&self) -> bool {
        matches!(self.stage, Stage::Fenced)
    }

    /// Settles the fence, and leaves `value` if no other writer has been at work.
    ///
    /// Nothing is left where the store has not confirmed the fence: the fence may be raised only now, after others have
    /// written. An epoch that is not in force does what a delete does: a fence of others stays, contended. Says why the
    /// value is not stored, if it is not.
    pub(crate) async fn settle(mut self, value: Option<Value>) -> Result<Option<NotStored>, Error> {
        let value = value.filter(|_| self.is_fenced());
        let own = Some(self.epoch);
        self.stage = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Unconfirmed(name) => Stage::Ending { own, name: Some(name) },
            _ => Stage::Ending { own, name: None },
        };
        let epoch = self.epoch;
        let leaves = value.is_some();
        let reply = self.complete(Step::Settle { epoch, value }).await?;
        Ok(match reply {
            _ if !leaves => None,
            Some(Reply::Done) => None,
            Some(Reply::NotKept) => Some(NotStored::TooLarge),
            Some(_) => Some(NotStored::Superseded),
            None => Some(NotStored::Unavailable),
        })
    }

    /// Takes the step that ends the write. Where that fails, empties the key in what is left of the time.
    ///
    /// A settlement is not sent twice, since it counts. A delete may be. If the delete is confirmed before the writer
    /// returns, nothing is pending. Otherwise the key is, and also where this is dropped halfway.
    ///
    /// Returns the reply to the step; none where the key was emptied instead.
    async fn complete(self, step: Step<Entry>) -> Result<Option<Reply<Entry>>, Error> {
        let (guard, key, own) = (Arc::clone(&self.guard), Arc::clone(&self.key), self.own());
        let (lane, deadline) = (guard.store().lane(&key), guard.settings.deadline);
        let (seen, sent) = (lane.snapshot(), guard.pending.now());
        if let Err(error) = guard.may_wait(&lane, seen) {
            // First it becomes pending, so that what is sent now confirms it.
            drop(self);
            let sent = guard.pending.now();
            if guard.send(&key, step, sent).await {
                return Err(error);
            }
            let (asked, emptied) = (StoreOp::step(&Step::Delete), pin!(guard.empty(&key, own)));
            guard.attempt(asked, (&lane, &key), seen, deadline, emptied).await?;
            guard.outlive_copies().await;
            guard.pending.confirm(&key, sent);
            return Ok(None);
        }
        // A fence that still stands has outlived the copies from before it, and there are none since.
        let mut outlived = matches!(step, Step::Settle { .. }) && self.was_fenced();
        let outlives = &mut outlived;
        let asked = StoreOp::step(&step);
        let ended = async {
            match lane.run(&key, step).await {
                Ok(reply) => {
                    *outlives &= reply != Reply::Lost;
                    Ok(Some(reply))
                }
                // The attempt to connect that has just failed need not fail again.
                Err(error)
                    if !seen.is_closed() && !guard.store().lane(&key).state().is_connected() =>
                {
                    Err(error)
                }
                Err(_) => {
                    *outlives = false;
                    asked.count_failure(guard.settings.counters());
                    StoreOp::step(&Step::Delete).count(guard.settings.counters());
                    guard.empty(&key, own).await.map(|()| None)
                }
            }
        };
        let reply = guard.attempt(asked, (&lane, &key), seen, deadline, pin!(ended)).await?;
        if !outlived {
            guard.outlive_copies().await;
        }
        self.confirmed(sent);
        Ok(reply)
    }

    /// Whether the write that ends began under a fence that was confirmed.
    fn was_fenced(&self) -> bool {
        matches!(self.stage, Stage::Ending { own: Some(_), name: None })
    }

    /// The fence that the step which ends the write settles.
    fn own(&self) -> Option<Nonce> {
        match self.stage {
            Stage::Ending { own, .. } => own,
            _ => None,
        }
    }

    /// The step that ends the write, sent at `sent`, is confirmed.
    fn confirmed(mut self, sent: LogicalTime) {
        let pending = &self.guard.pending;
        pending.confirm(&self.key, sent);
        if let Stage::Ending { name: Some(name), .. } = mem::replace(&mut self.stage, Stage::Over) {
            pending.end(&name);
        }
    }
}

impl Drop for KeyWrite {
    fn drop(&mut self) {
        let guard = &self.guard;
        match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Fencing => guard.pending.add(&self.key, Some(self.epoch)),
            Stage::Unconfirmed(name) => guard.pending.end_unconfirmed(&name, None),
            Stage::Ending { own, name: Some(name) } => guard.pending.end_unconfirmed(&name, own),
            Stage::Ending { own, name: None } => guard.pending.add(&self.key, own),
            Stage::Fenced => {
                return abandon(guard, vec![(Arc::clone(&self.key), self.epoch)], self.life);
            }
            Stage::Over => return,
        }
        guard.start_redelivery();
    }
}

/// Leaves the fences, with these epochs, of a writer that is gone. It counts as one at work for as long as they stand, and
/// every other writer of a key prolongs its fence. So it is no longer counted after its own fences' ttl. Best effort: a
/// fence falls when nobody has written for its time.
pub(crate) fn abandon(guard: &Arc<Guard>, fences: Vec<(Arc<str>, Nonce)>, life: Duration) {
    let Ok(runtime) = Handle::try_current() else { return };
    let guard = Arc::downgrade(guard);
    runtime.spawn(async move {
        time::sleep(life).await;
        let Some(guard) = guard.upgrade() else { return };
        let guard = &guard;
        let settled = fences.into_iter().map(|(key, epoch)| async move {
            let found = guard.step(&key, Step::Read).await;
            if matches!(found, Ok(Reply::Found(state)) if state.is(Expected::Fence(epoch))) {
                _ = guard.step(&key, Step::Settle { epoch, value: None }).await;
            }
        });
        guard.each(settled, |()| {}).await;
    });
}

#[cfg(all(test, feature = "redis"))]
mod tests;
