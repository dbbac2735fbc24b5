//! Single flight: callers of one process that miss on one key share a load, and are never handed the past.
//!
//! A caller that joins draws a ticket. The leader takes a [`Mark`] before each step whose outcome it might
//! share; whoever had a ticket by then may have that outcome, for the step took effect after they called.
//! So a value that the store accepted (nothing was written between the leader's lease and the fill) goes to
//! all who joined before the fill was sent, and a value with no such proof only to those who joined before
//! its load began. Those who remain keep their tickets, and the oldest of them leads next.
//!
//! A leader that is dropped, by a cancelled caller or a panic, hands over in the same way, together with
//! its baton: what it holds that the next leader can go on with.

use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{entry::Entry, striped::Striped};

/// How many of a failed load's followers try for themselves at once, to begin with.
const FIRST_TRIES: usize = 4;

/// A queue is swept of callers that have gone away when it has grown to this, and then to twice the rest.
const SWEEP: usize = 64;

/// The flights of one cache, by key. `B` is the baton.
pub(crate) struct Flights<B> {
    shards: Striped<Mutex<HashMap<Arc<str>, Flight<B>>>>,
}

/// A flight exists while it has a leader.
struct Flight<B> {
    next_ticket: u64,
    /// In the order of their tickets.
    waiting: VecDeque<Waiting<B>>,
    sweep_at: usize,
}

struct Waiting<B> {
    ticket: u64,
    signal: oneshot::Sender<Signal<B>>,
}

/// Where joining has put a caller.
pub(crate) enum Joined<B> {
    /// Nobody else is at it.
    Leading(Leadership<B>),
    /// Somebody is: wait for the signal.
    Following(oneshot::Receiver<Signal<B>>),
}

/// What a follower is told.
pub(crate) enum Signal<B> {
    /// The outcome of a load that it may have.
    Shared(Shared),
    /// It is the leader now.
    Lead(Leadership<B>),
    /// The load failed, with an error that cannot be shared: it has to try for itself, through the gate.
    Alone(Arc<Gate<B>>),
}

/// An outcome that callers share.
#[derive(Clone)]
pub(crate) enum Shared {
    Value(Entry),
    Failure(SharedError),
}

/// A loader's error, in a form that others can clone it from.
pub type SharedError = Arc<dyn Any + Send + Sync>;

/// A moment in a flight: how many tickets had been drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Mark(u64);

impl Mark {
    /// Before anyone joined.
    pub(crate) const START: Mark = Mark(0);
}

impl<B> Flights<B> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Flights { shards: Striped::new(Mutex::default) })
    }

    pub(crate) fn join(self: &Arc<Self>, key: &Arc<str>) -> Joined<B> {
        let mut shard = self.shard(key);
        if let Some(flight) = shard.get_mut(key) {
            return Joined::Following(flight.wait());
        }
        let flight = Flight { next_ticket: 0, waiting: VecDeque::new(), sweep_at: SWEEP };
        shard.insert(Arc::clone(key), flight);
        Joined::Leading(Leadership {
            flights: Arc::clone(self),
            key: Arc::clone(key),
            baton: None,
            over: false,
        })
    }

    /// No panic can leave a shard half changed, so a poisoned one is as good.
    fn shard(&self, key: &str) -> MutexGuard<'_, HashMap<Arc<str>, Flight<B>>> {
        self.shards.of(key).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> Flight<B> {
    fn wait(&mut self) -> oneshot::Receiver<Signal<B>> {
        if self.waiting.len() >= self.sweep_at {
            self.waiting.retain(|w| !w.signal.is_closed());
            self.sweep_at = SWEEP.max(self.waiting.len() * 2);
        }
        let (signal, receiver) = oneshot::channel();
        self.waiting.push_back(Waiting { ticket: self.next_ticket, signal });
        self.next_ticket += 1;
        receiver
    }
}

/// The right and duty to load for a flight. Dropping it hands it over.
pub(crate) struct Leadership<B> {
    flights: Arc<Flights<B>>,
    key: Arc<str>,
    /// What goes to the next leader if this one is dropped.
    pub(crate) baton: Option<B>,
    over: bool,
}

impl<B> Leadership<B> {
    /// This moment.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.flights.shard(&self.key).get(&self.key).map_or(0, |f| f.next_ticket))
    }

    /// Whether somebody waits who joined before `mark`.
    pub(crate) fn has_followers_before(&self, mark: Mark) -> bool {
        let shard = self.flights.shard(&self.key);
        let waiting = shard.get(&self.key).into_iter().flat_map(|flight| &flight.waiting);
        waiting.take_while(|w| w.ticket < mark.0).any(|w| !w.signal.is_closed())
    }

    /// Shares `outcome` with all who joined before `mark`, and hands over to the oldest of the rest.
    pub(crate) fn publish(mut self, mark: Mark, outcome: &Shared) {
        let covered = {
            let mut shard = self.flights.shard(&self.key);
            let Some(flight) = shard.get_mut(&self.key) else { return };
            let rest = flight.waiting.partition_point(|w| w.ticket < mark.0);
            let rest = flight.waiting.split_off(rest);
            mem::replace(&mut flight.waiting, rest)
        };
        for waiting in covered {
            // A follower that has gone away needs nothing.
            _ = waiting.signal.send(Signal::Shared(outcome.clone()));
        }
        self.hand_over();
    }

    /// Ends the flight of a failed load: all who wait have ridden it, and get the error where it can be
    /// shared. Otherwise each tries for itself.
    pub(crate) fn fail(mut self, error: Option<SharedError>) {
        self.over = true;
        let flight = self.flights.shard(&self.key).remove(&self.key);
        let gate = Gate::open(self.baton.take());
        for waiting in flight.into_iter().flat_map(|flight| flight.waiting) {
            _ = waiting.signal.send(match &error {
                Some(error) => Signal::Shared(Shared::Failure(Arc::clone(error))),
                None => Signal::Alone(Arc::clone(&gate)),
            });
        }
    }

    /// Gives leadership and baton to the oldest follower that is still there, or ends the flight.
    fn hand_over(&mut self) {
        self.over = true;
        let mut baton = self.baton.take();
        let mut shard = self.flights.shard(&self.key);
        while let Some(next) = shard.get_mut(&self.key).and_then(|f| f.waiting.pop_front()) {
            let heir = Leadership {
                flights: Arc::clone(&self.flights),
                key: Arc::clone(&self.key),
                baton,
                over: false,
            };
            match next.signal.send(Signal::Lead(heir)) {
                Ok(()) => return,
                Err(Signal::Lead(mut heir)) => {
                    // Gone. Its leadership must not hand itself over while we hold the shard.
                    heir.over = true;
                    baton = heir.baton.take();
                }
                Err(_) => return,
            }
        }
        shard.remove(&self.key);
        // The baton's end may do work of its own.
        drop(shard);
        drop(baton);
    }
}

impl<B> Drop for Leadership<B> {
    fn drop(&mut self) {
        if !self.over {
            self.hand_over();
        }
    }
}

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

    pub(crate) async fn enter(self: Arc<Self>) -> Entered<B> {
        let held = Arc::clone(&self.tries).acquire_owned().await.ok();
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

#[cfg(test)]
mod tests;
