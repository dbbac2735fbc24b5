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
//!
//! A leader may hang, or be one that nobody polls: a future in a `select!` loop or in a `buffered` stream. So a follower
//! that has waited for a load as long as it may takes the lead ([`Flights::take_over`]). The leader before it keeps what it
//! holds, and its outcome goes to whom its marks cover, if it still comes to one.

mod gate;

use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

pub(crate) use self::gate::{Entered, Gate, Permit};
use crate::{entry::Entry, striped::Striped};

/// A queue is swept of callers that have gone away when it has grown to this, and then to twice the rest.
const SWEEP: usize = 64;

/// The flights of one cache, by key. `B` is the baton.
pub(crate) struct Flights<B> {
    shards: Striped<Mutex<Shard<B>>>,
}

struct Shard<B> {
    /// No ticket is drawn twice, so a leader whose flight is over covers nobody of a later one.
    next_ticket: u64,
    flights: HashMap<Arc<str>, Flight<B>>,
}

/// A flight exists while it has a leader.
struct Flight<B> {
    leader: LeaderId,
    /// When its leader began to lead.
    since: Instant,
    /// Whether its leader waits for the lease of a batch.
    waits_for_batch: bool,
    /// In the order of their tickets.
    waiting: VecDeque<Waiting<B>>,
    sweep_at: usize,
}

/// A ticket that was drawn for leading.
#[derive(Clone, Copy, PartialEq, Eq)]
struct LeaderId(u64);

struct Waiting<B> {
    ticket: u64,
    caller: Caller,
    signal: oneshot::Sender<Signal<B>>,
}

/// Where a call comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Caller {
    TopLevel,
    /// A load. It may be that of a batch which holds what others wait for, so this call waits for no lease of a batch:
    /// neither itself, nor behind a leader that does.
    WithinLoad,
}

/// Where joining has put a caller.
pub(crate) enum Joined<B> {
    /// Nobody else is at it.
    Leading(Leadership<B>),
    /// Somebody is: wait for the signal.
    Following(Follower<B>),
    /// Somebody is, for whom this caller may not wait.
    Apart,
}

/// A caller that waits for the leader.
pub(crate) struct Follower<B> {
    ticket: u64,
    pub(crate) signal: oneshot::Receiver<Signal<B>>,
}

/// What becomes of a follower that has lost patience.
pub(crate) enum TakenOver<B> {
    /// It leads now.
    Leading(Leadership<B>),
    /// The load that it waits for is not that old, or it has a signal already.
    Wait(Duration),
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

/// A moment: how many tickets had been drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Mark(u64);

impl Mark {
    /// Before anyone joined.
    pub(crate) const START: Mark = Mark(0);
}

impl<B> Flights<B> {
    pub(crate) fn new() -> Arc<Self> {
        let shard = || Mutex::new(Shard { next_ticket: 0, flights: HashMap::new() });
        Arc::new(Flights { shards: Striped::new(shard) })
    }

    pub(crate) fn join(self: &Arc<Self>, key: &Arc<str>, caller: Caller) -> Joined<B> {
        let mut shard = self.shard(key);
        let ticket = shard.draw();
        if let Some(flight) = shard.flights.get_mut(key) {
            return match caller == Caller::WithinLoad && flight.waits_for_batch {
                true => Joined::Apart,
                false => Joined::Following(flight.wait(ticket, caller)),
            };
        }
        let leader = LeaderId(ticket);
        shard.flights.insert(Arc::clone(key), Flight::led_by(leader));
        Joined::Leading(self.leadership(key, leader))
    }

    /// Makes a follower the leader if the present one has had `wait` or more.
    pub(crate) fn take_over(
        self: &Arc<Self>,
        key: &Arc<str>,
        follower: &Follower<B>,
        wait: Duration,
    ) -> TakenOver<B> {
        let mut shard = self.shard(key);
        let leader = LeaderId(shard.draw());
        let Some(flight) = shard.flights.get_mut(key) else { return TakenOver::Wait(wait) };
        let left = wait.saturating_sub(flight.since.elapsed());
        let place = flight.waiting.binary_search_by_key(&follower.ticket, |w| w.ticket);
        let (Ok(place), true) = (place, left.is_zero()) else {
            return TakenOver::Wait(left.max(Duration::from_millis(1)));
        };
        flight.waiting.remove(place);
        flight.lead(leader);
        TakenOver::Leading(self.leadership(key, leader))
    }

    fn leadership(self: &Arc<Self>, key: &Arc<str>, id: LeaderId) -> Leadership<B> {
        let (flights, key) = (Arc::clone(self), Arc::clone(key));
        Leadership { flights, key, id, baton: None, over: false }
    }

    /// No panic can leave a shard half changed, so a poisoned one is as good.
    fn shard(&self, key: &str) -> MutexGuard<'_, Shard<B>> {
        self.shards.of(key).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> Shard<B> {
    fn draw(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        ticket
    }
}

impl<B> Flight<B> {
    fn led_by(leader: LeaderId) -> Flight<B> {
        let since = Instant::now();
        let waiting = VecDeque::new();
        Flight { leader, since, waits_for_batch: false, waiting, sweep_at: SWEEP }
    }

    fn lead(&mut self, leader: LeaderId) {
        (self.leader, self.since, self.waits_for_batch) = (leader, Instant::now(), false);
    }

    fn wait(&mut self, ticket: u64, caller: Caller) -> Follower<B> {
        if self.waiting.len() >= self.sweep_at {
            self.waiting.retain(|w| !w.signal.is_closed());
            self.sweep_at = SWEEP.max(self.waiting.len() * 2);
        }
        let (signal, receiver) = oneshot::channel();
        self.waiting.push_back(Waiting { ticket, caller, signal });
        Follower { ticket, signal: receiver }
    }
}

/// The right and duty to load for a flight. Dropping it hands it over.
pub(crate) struct Leadership<B> {
    flights: Arc<Flights<B>>,
    key: Arc<str>,
    id: LeaderId,
    /// What goes to the next leader if this one is dropped.
    pub(crate) baton: Option<B>,
    over: bool,
}

impl<B> Leadership<B> {
    /// This moment.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.flights.shard(&self.key).next_ticket)
    }

    /// Whether somebody waits who joined before `mark`.
    pub(crate) fn has_followers_before(&self, mark: Mark) -> bool {
        let shard = self.flights.shard(&self.key);
        let waiting = shard.flights.get(&self.key).into_iter().flat_map(|flight| &flight.waiting);
        waiting.take_while(|w| w.ticket < mark.0).any(|w| !w.signal.is_closed())
    }

    /// The leader begins to wait for the lease of a batch. Callers within loads do not wait behind it.
    pub(crate) fn waits_for_batch(&self) {
        let mut shard = self.flights.shard(&self.key);
        let Some(flight) = shard.flights.get_mut(&self.key).filter(|f| f.leader == self.id) else {
            return;
        };
        flight.waits_for_batch = true;
        let (within, top) = mem::take(&mut flight.waiting)
            .into_iter()
            .partition(|waiting| waiting.caller == Caller::WithinLoad);
        flight.waiting = top;
        drop(shard);
        leave_alone(within, &Gate::open(None));
    }

    /// Shares `outcome` with all who joined before `mark`, and hands over to the oldest of the rest.
    pub(crate) fn publish(mut self, mark: Mark, outcome: &Shared) {
        let covered = {
            let mut shard = self.flights.shard(&self.key);
            let Some(flight) = shard.flights.get_mut(&self.key) else { return };
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
    /// shared. Otherwise each tries for itself. Those of a leader that was taken over from wait for the other one.
    pub(crate) fn fail(mut self, error: Option<SharedError>) {
        self.over = true;
        let baton = self.baton.take();
        let waiting = {
            let mut shard = self.flights.shard(&self.key);
            match shard.flights.get(&self.key) {
                Some(flight) if flight.leader == self.id => shard.flights.remove(&self.key),
                _ => None,
            }
        };
        let waiting = waiting.map(|flight| flight.waiting).unwrap_or_default();
        match error {
            None => leave_alone(waiting, &Gate::open(baton)),
            Some(error) => {
                for waiting in waiting {
                    let shared = Shared::Failure(Arc::clone(&error));
                    _ = waiting.signal.send(Signal::Shared(shared));
                }
            }
        }
    }

    /// Gives leadership and baton to the oldest follower that is still there, or ends the flight. One that was taken over
    /// from has nothing to give.
    fn hand_over(&mut self) {
        self.over = true;
        let mut baton = self.baton.take();
        let mut shard = self.flights.shard(&self.key);
        let id = LeaderId(shard.draw());
        while let Some(flight) = shard.flights.get_mut(&self.key) {
            if flight.leader != self.id {
                break;
            }
            let Some(next) = flight.waiting.pop_front() else {
                shard.flights.remove(&self.key);
                break;
            };
            let mut heir = self.flights.leadership(&self.key, id);
            heir.baton = baton;
            match next.signal.send(Signal::Lead(heir)) {
                Ok(()) => {
                    flight.lead(id);
                    return;
                }
                Err(Signal::Lead(mut heir)) => {
                    // Gone. Its leadership must not hand itself over while we hold the shard.
                    heir.over = true;
                    baton = heir.baton.take();
                }
                Err(_) => return,
            }
        }
        // The baton's end may do work of its own.
        drop(shard);
        drop(baton);
    }
}

/// Tells some who wait to try for themselves, when the gate lets them.
fn leave_alone<B>(waiting: VecDeque<Waiting<B>>, gate: &Arc<Gate<B>>) {
    for waiting in waiting {
        _ = waiting.signal.send(Signal::Alone(Arc::clone(gate)));
    }
}

impl<B> Drop for Leadership<B> {
    fn drop(&mut self) {
        if !self.over {
            self.hand_over();
        }
    }
}

#[cfg(test)]
mod tests;
