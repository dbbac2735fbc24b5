//! One call's way to a value: the store, another call's load, or a load of its own.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{
    lead::{Lead, Place},
    reentry,
};
use crate::{
    entry::Entry,
    error::Error,
    flight::{Entered, Flights, Gate, Joined, Leadership, Shared, SharedError, Signal},
    guard::Guard,
    inner::Inner,
    lease::Lease,
    policy::Policy,
    protocol::{Expected, Nonce, Pending, Reply, State, Step},
    stats::Counters,
    time::{jittered, nonce},
};

/// One call's way to a value.
pub(crate) struct Lookup<'a> {
    guard: &'a Arc<Guard>,
    flights: &'a Arc<Flights<Lease>>,
    counters: &'a Counters,
    policy: &'a Policy,
    key: String,
    /// The key, for those who outlive this call; a hit needs none.
    shared_key: Option<Arc<str>>,
    store: Store,
    waited: bool,
}

/// What this call still expects of the store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    /// It works.
    Usable,
    /// It holds what has to go before a lease can be had: the value of a stamp, or something unreadable.
    Holding(Option<Nonce>),
    /// It was told to let go of that.
    Cleared,
    /// It failed this call once; it is not asked again, so that a call waits for one deadline at most.
    Out,
}

/// What to do next.
pub(super) enum Next<'a> {
    /// A value that this call may return.
    Value(Entry),
    /// The error of a load that this call rode.
    Failure(SharedError),
    /// The body has to run, and its outcome to be reported.
    Load(Lead<'a>),
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(
        inner: &'a Inner,
        guard: &'a Arc<Guard>,
        counters: &'a Counters,
        key: String,
        policy: &'a Policy,
    ) -> Self {
        Lookup {
            guard,
            flights: &inner.flights,
            counters,
            policy,
            key,
            shared_key: None,
            store: Store::Usable,
            waited: false,
        }
    }

    /// Looks into the store: one round trip.
    pub(super) async fn look(&mut self) -> Option<Entry> {
        match self.guard.read(&self.key).await {
            Ok(State::Value(_, entry) | State::Pending(Pending { value: entry, .. })) => {
                return Some(entry);
            }
            Ok(State::Unreadable) => self.unreadable(),
            Ok(State::Vacant | State::Leased(_) | State::Fenced(_)) => {}
            Err(error) => self.store_failed(&error),
        }
        None
    }

    pub(super) fn hit(&self, entry: &Entry) {
        if entry.negative() {
            self.counters.negative_hits.add_one();
        } else {
            self.counters.hits.add_one();
        }
    }

    /// Notes that an entry is of another codec or type: it is a miss, and will be overwritten.
    pub(super) fn reject(&mut self, entry: &Entry, error: &Error) {
        tracing::warn!(key = self.key, %error, "a cached entry cannot be decoded");
        self.counters.undecodable.add_one();
        self.hold(Some(entry.stamp()));
    }

    /// Notes that the key holds what no cache wrote, likewise.
    fn unreadable(&mut self) {
        tracing::warn!(key = self.key, "a cache key holds what is no entry");
        self.counters.undecodable.add_one();
        self.hold(None);
    }

    /// Somebody who puts back what we removed (another version of the service, say) is not fought: the
    /// second time, this call leaves the store alone.
    fn hold(&mut self, value: Option<Nonce>) {
        self.store = match self.store {
            Store::Usable => Store::Holding(value),
            Store::Holding(_) | Store::Cleared | Store::Out => Store::Out,
        };
    }

    fn store_failed(&mut self, error: &Error) {
        tracing::debug!(key = self.key, %error, "the cache's store failed");
        self.counters.store_errors.add_one();
        self.store = Store::Out;
    }

    fn shared_key(&mut self) -> Arc<str> {
        let key = &self.key;
        Arc::clone(self.shared_key.get_or_insert_with(|| key.as_str().into()))
    }

    /// Joins the flight of this key, and takes what it gives or leads it.
    pub(super) async fn next(&mut self) -> Next<'a> {
        let key = self.shared_key();
        if reentry::is_loading(self.guard, &key) {
            return self.alone(Gate::open(None)).await;
        }
        let receiver = match self.flights.join(&key) {
            Joined::Leading(leadership) => return self.lead(leadership).await,
            Joined::Following(receiver) => receiver,
        };
        match receiver.await {
            Ok(Signal::Shared(shared)) => {
                self.counters.coalesced.add_one();
                match shared {
                    Shared::Value(entry) => Next::Value(entry),
                    Shared::Failure(error) => Next::Failure(error),
                }
            }
            Ok(Signal::Lead(leadership)) => self.lead(leadership).await,
            Ok(Signal::Alone(gate)) => self.alone(gate).await,
            // A leader signals everyone before it goes. Were one forgotten, it would load for itself.
            Err(_) => self.alone(Gate::open(None)).await,
        }
    }

    /// As leader: gets a lease, or a value, or leave to load without storing.
    async fn lead(&mut self, mut leadership: Leadership<Lease>) -> Next<'a> {
        if leadership.baton.is_some() {
            return self.load(Place::Leading(leadership));
        }
        let patience = Patience::new(self.policy);
        loop {
            let mark = leadership.mark();
            match self.acquire().await {
                Acquired::Lease(lease) => {
                    leadership.baton = Some(lease);
                    return self.load(Place::Leading(leadership));
                }
                Acquired::Value(entry) => {
                    leadership.publish(mark, &Shared::Value(entry.clone()));
                    return Next::Value(entry);
                }
                Acquired::Leased if self.policy.lock => {
                    self.count_wait();
                    if !patience.pause().await {
                        return self.load(Place::Leading(leadership));
                    }
                }
                Acquired::Leased | Acquired::Nothing => {
                    return self.load(Place::Leading(leadership));
                }
            }
        }
    }

    /// As one of a failed load's followers: tries for itself, when the gate lets it.
    async fn alone(&mut self, gate: Arc<Gate<Lease>>) -> Next<'a> {
        let (permit, mut lease) = match gate.enter().await {
            Entered::Try(permit, lease) => (permit, lease),
            Entered::Value(entry) => {
                self.counters.coalesced.add_one();
                return Next::Value(entry);
            }
        };
        if lease.is_none() {
            match self.acquire().await {
                Acquired::Value(entry) => return Next::Value(entry),
                Acquired::Lease(acquired) => lease = Some(acquired),
                Acquired::Leased | Acquired::Nothing => {}
            }
        }
        self.load(Place::Alone { permit, lease })
    }

    /// Asks the store for the right to fill.
    async fn acquire(&mut self) -> Acquired {
        if let Store::Holding(value) = self.store {
            let step = match value {
                Some(stamp) => Step::Release { expected: Expected::Value(stamp) },
                None => Step::Discard,
            };
            match self.guard.run(&self.key, step).await {
                Ok(_) => self.store = Store::Cleared,
                Err(error) => self.store_failed(&error),
            }
        }
        if self.store == Store::Out {
            return Acquired::Nothing;
        }
        let life = self.policy.lease;
        let lease = Lease::new(self.guard, &self.shared_key(), nonce(), life);
        let step = Step::Acquire { token: lease.token(), life };
        match self.guard.run(&self.key, step).await {
            Ok(Reply::Acquired) => return Acquired::Lease(lease),
            // An acquisition whose answer is lost may have succeeded: dropping the lease gives it up.
            Err(error) => {
                self.store_failed(&error);
                return Acquired::Nothing;
            }
            Ok(reply) => {
                lease.spend();
                match reply {
                    Reply::Found(
                        State::Value(_, entry) | State::Pending(Pending { value: entry, .. }),
                    ) => return Acquired::Value(entry),
                    Reply::Found(State::Leased(_)) => return Acquired::Leased,
                    Reply::Found(State::Unreadable) => self.unreadable(),
                    _ => return Acquired::Nothing,
                }
            }
        }
        Box::pin(self.acquire()).await
    }

    /// Counts a call that found no value at first.
    pub(super) fn missed(&self) {
        self.counters.misses.add_one();
    }

    fn count_wait(&mut self) {
        if !self.waited {
            self.waited = true;
            self.counters.lock_waits.add_one();
        }
    }

    fn load(&mut self, place: Place) -> Next<'a> {
        self.counters.loads.add_one();
        Next::Load(Lead::new(self.guard, self.counters, self.policy, self.shared_key(), place))
    }
}

/// What came of asking for a lease.
enum Acquired {
    Lease(Lease),
    Value(Entry),
    /// Another process is loading.
    Leased,
    /// A writer is at work, or the store is out: load, and store nothing.
    Nothing,
}

/// How long a caller waits for another process, and how often it looks.
struct Patience {
    began: time::Instant,
    wait: Duration,
}

impl Patience {
    /// Looking this often costs a server little.
    const SHORTEST: Duration = Duration::from_millis(2);
    const LONGEST: Duration = Duration::from_millis(50);

    fn new(policy: &Policy) -> Self {
        Patience { began: time::Instant::now(), wait: policy.wait }
    }

    /// Pauses before the next look: an eighth of the time waited so far, so that what polling adds stays
    /// in proportion to the load that is waited for. False when there is no time left.
    async fn pause(&self) -> bool {
        let waited = self.began.elapsed();
        let left = self.wait.saturating_sub(waited);
        let pause = jittered((waited / 8).clamp(Self::SHORTEST, Self::LONGEST));
        time::sleep(pause.min(left)).await;
        !left.is_zero()
    }
}
