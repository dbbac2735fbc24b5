//! The gate behind which the followers of a failed load try for themselves, and are not a herd.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{entry::Entry, time};

/// How many of a failed load's followers try for themselves at once, to begin with.
const FIRST_TRIES: usize = 4;

/// Lets the followers of a failed load try for themselves: a few at first, and more after each failure.
///
/// So a source that has recovered is not met by a herd (the first success is in the cache for the rest),
/// and under one that goes on failing the callers do not queue for one time-out after the other: each
/// round is twice as wide.
///
/// All who come to a gate have called before it opened, and every try behind it begins after: the first
/// value that one of them loads may be had by all, stored or not.
pub(crate) struct Gate<B> {
    /// Closed once there is a value.
    tries: Arc<Semaphore>,
    value: OnceLock<Entry>,
    /// The baton of the try that failed, for the next one.
    baton: Mutex<Option<B>>,
}

/// What a follower finds at the gate.
pub(crate) enum Entered<B> {
    /// The leave to try, with the baton if it is free.
    Try(Permit<B>, Option<B>),
    Value(Entry),
}

impl<B> Gate<B> {
    /// A gate with its first tries free.
    pub(crate) fn open(baton: Option<B>) -> Arc<Self> {
        let tries = Arc::new(Semaphore::new(FIRST_TRIES));
        Arc::new(Gate { tries, value: OnceLock::new(), baton: Mutex::new(baton) })
    }

    fn baton(&self) -> MutexGuard<'_, Option<B>> {
        self.baton.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the leave to try, and for no longer than `wait`: those who try may hang, or be polled by nobody.
    pub(crate) async fn enter(self: Arc<Self>, wait: Duration) -> Entered<B> {
        let leave = Arc::clone(&self.tries).acquire_owned();
        let held = time::within(wait, leave).await.and_then(Result::ok);
        match self.value.get() {
            Some(entry) => Entered::Value(entry.clone()),
            None => {
                let baton = self.baton().take();
                Entered::Try(Permit { gate: self, _held: held }, baton)
            }
        }
    }
}

/// The leave to try. Dropping it lets the next one try.
pub(crate) struct Permit<B> {
    gate: Arc<Gate<B>>,
    _held: Option<OwnedSemaphorePermit>,
}

impl<B> Permit<B> {
    /// Ends a try that failed: two may try in its place.
    pub(crate) fn widen(self, baton: Option<B>) {
        if baton.is_some() {
            *self.gate.baton() = baton;
        }
        self.gate.tries.add_permits(1);
    }

    /// Whether nobody behind the gate has a value yet.
    pub(crate) fn is_first(&self) -> bool {
        self.gate.value.get().is_none()
    }

    /// Gives a value to all who wait at the gate.
    pub(crate) fn serve(self, entry: Entry) {
        _ = self.gate.value.set(entry);
        self.gate.tries.close();
    }
}
