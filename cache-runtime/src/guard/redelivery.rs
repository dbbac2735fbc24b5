//! Redelivery of pending invalidations: a task that empties the keys, oldest first, until nothing is pending any more.
//!
//! It sends deletes, never a settlement again: the first one may have counted although its answer was lost, and counting
//! it twice could end another writer's fence. A delete leaves a fence standing; the writer's own is released before, if no
//! other has joined it.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use tokio::{runtime::Handle, time};

use super::{
    operation::Guard,
    pending::{Due, LogicalTime},
};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Expected, Nonce, Step},
    time::jittered,
};

/// How many keys are emptied at once.
const MOST: usize = 1_000;

/// How many are tried at once after a failure, until one try succeeds.
const FEW: usize = 16;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often the task looks whether the cache has been dropped.
const LOOK: Duration = Duration::from_secs(1);

/// The task. If its runtime shuts down under it, another one can be started.
struct Redelivery(Weak<Guard>);

impl Drop for Redelivery {
    fn drop(&mut self) {
        if let Some(guard) = self.0.upgrade() {
            guard.redelivering.store(false, Ordering::Release);
        }
    }
}

/// How many keys are tried at once, and the pause after a failure.
struct Pace {
    at_once: usize,
    pause: Duration,
}

impl Pace {
    const FIRST: Pace = Pace { at_once: MOST, pause: FIRST_PAUSE };

    fn went_well(&mut self) {
        self.at_once = (self.at_once * 4).min(MOST);
        self.pause = FIRST_PAUSE;
    }

    /// Slows down, and returns the pause.
    fn went_wrong(&mut self) -> Duration {
        self.at_once = FEW;
        let pause = jittered(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

impl Redelivery {
    /// Empties keys until nothing is pending, or the cache is dropped.
    async fn run(mut self) {
        let mut pace = Pace::FIRST;
        while let Some(guard) = self.0.upgrade() {
            let closing = Arc::clone(&guard.settings.breakers.closing);
            let closed = closing.notified();
            if guard.store.all_open() {
                drop(guard);
                _ = time::timeout(LOOK, closed).await;
                pace = Pace::FIRST;
                continue;
            }
            let (sent, keys) = guard.pending.oldest(pace.at_once);
            if keys.is_empty() {
                guard.redelivering.store(false, Ordering::SeqCst);
                // A key may have become pending meanwhile whose writer saw that this task was running.
                if guard.pending.oldest(1).1.is_empty()
                    || guard.redelivering.swap(true, Ordering::SeqCst)
                {
                    // The flag is cleared already.
                    self.0 = Weak::new();
                    return;
                }
                continue;
            }
            let went_well = guard.redeliver(&keys, sent).await;
            drop(guard);
            match went_well {
                true => pace.went_well(),
                false => time::sleep(pace.went_wrong()).await,
            }
        }
    }
}

impl Guard {
    /// Empties keys, and returns whether all of them are confirmed.
    async fn redeliver(&self, due: &[Due], sent: LogicalTime) -> bool {
        let names: Vec<&str> = due.iter().map(|(key, _)| &**key).collect();
        let steps: Vec<_> = due.iter().flat_map(|(key, own)| emptying(key, *own)).collect();
        let ways = self.connection_ids(&names);
        let replies = match self.take(&steps).await {
            Ok(replies) => replies,
            Err(error) => {
                tracing::debug!(%error, "invalidations still wait for the cache's store");
                return false;
            }
        };
        let led = self.still_masters(&names, ways).await;
        self.outlive_copies().await;
        // A fence that could not be released falls by itself.
        let deletes = steps.iter().zip(replies).filter(|((_, step), _)| *step == Step::Delete);
        let mut went_well = true;
        for ((key, (_, reply)), led) in names.iter().zip(deletes).zip(led) {
            match reply {
                Ok(_) if led => self.pending.confirm(key, sent),
                Ok(_) => went_well = false,
                Err(error) => {
                    went_well = false;
                    self.refused(key, &error);
                }
            }
        }
        went_well
    }

    /// The store has refused this invalidation; it may accept others.
    fn refused(&self, key: &str, error: &Error) {
        let shown = self.shown(key);
        tracing::debug!(key = shown, %error, "an invalidation still waits for the cache's store");
        self.pending.postpone(key);
    }

    /// Starts the task, unless it runs.
    pub(super) fn start_redelivery(self: &Arc<Self>) {
        // Outside of a runtime, the next unconfirmed write or the next read of a pending key starts it.
        let Ok(runtime) = Handle::try_current() else { return };
        if !self.redelivering.swap(true, Ordering::SeqCst) {
            runtime.spawn(Redelivery(Arc::downgrade(self)).run());
        }
    }
}

/// The steps that empty a key after a write whose settlement is not confirmed. The settlement may have counted, so it is not
/// sent again. `own`, the writer's fence, is released where it stands and no other writer has joined it; a delete does
/// the rest.
pub(super) fn emptying(key: &str, own: Option<Nonce>) -> impl Iterator<Item = (&str, Step<Entry>)> {
    let release = own.map(|epoch| Step::Release { expected: Expected::Fence(epoch) });
    release.into_iter().chain([Step::Delete]).map(move |step| (key, step))
}
