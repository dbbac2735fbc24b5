//! Guards callers against a server that is unwell: a deadline on every operation, a circuit breaker for each server, a
//! bound on the operations that wait, and the pending invalidations.
//!
//! | file | subject |
//! |---|---|
//! | `breaker`, `servers` | when a server is left alone, each by itself |
//! | `probe` | how a server is found well again |
//! | `writer` | the steps of writers, which are never left out |
//! | `pending`, `redelivery` | invalidations that are not confirmed, and how they are sent again |
//! | `failover` | whether the server that confirms one is still the master |
//! | `overlay` | reads while an invalidation is pending |
//! | `background` | steps that nobody waits for |
//!
//! All of that is for a remote store. The embedded one takes a lock and a look-up.

mod background;
mod breaker;
mod failover;
mod overlay;
mod pending;
mod probe;
mod redelivery;
mod servers;
mod settings;
mod writer;

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::{runtime::Handle, sync::Semaphore, time};

use self::{
    breaker::BreakerSnapshot,
    overlay::fill_in,
    pending::PendingInvalidations,
    probe::Prober,
    servers::{Circuit, CircuitRef, Circuits},
};
pub(crate) use self::{settings::Settings, writer::Unconfirmed};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Expected, Reply, State, Step},
    store::{Replies, States, Store},
    store_op::{StoreOp, StoreReply},
};

/// How many keys or steps go out at once: so many that the round trip costs little beside them, so few that they
/// can be answered in the time that one operation has.
const AT_ONCE: usize = 5_000;

/// A store that answers in time or not at all.
pub(crate) struct Guard {
    me: Weak<Guard>,
    store: Store,
    settings: Settings,
    circuits: Circuits,
    /// One permit for each operation that may wait for its answer, lest a server that hangs fills the memory.
    permits: Arc<Semaphore>,
    pending: PendingInvalidations,
    /// Whether the redelivery task runs.
    redelivering: AtomicBool,
}

impl Guard {
    pub(crate) fn new(store: Store, settings: Settings) -> Arc<Self> {
        Arc::new_cyclic(|me| Guard {
            me: Weak::clone(me),
            store,
            circuits: Circuits::new(me, &settings),
            permits: Arc::new(Semaphore::new(settings.max_waiting.min(Semaphore::MAX_PERMITS))),
            pending: PendingInvalidations::new(
                settings.max_pending,
                settings.everything.clone(),
                &settings.counters,
            ),
            redelivering: AtomicBool::new(false),
            settings,
        })
    }

    /// A key as logs may show it: not at all, unless that was asked for. There may be personal data in it.
    pub(crate) fn shown<'k>(&self, key: &'k str) -> Option<&'k str> {
        self.settings.log_keys.then_some(key)
    }

    /// Whether the store answers at once: it is in this process.
    pub(crate) fn is_local(&self) -> bool {
        !self.store.is_remote()
    }

    /// Looks at a key.
    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        match self.state(key) {
            Some(state) => Ok(state),
            None => self.answered(StoreOp::READ, key, pin!(self.store.read(key))).await,
        }
    }

    /// Takes one step.
    ///
    /// After an error the step may have been taken all the same, or may yet be: the protocol is right
    /// either way, and callers must be too.
    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        if let Some(reply) = self.reply(key, &step) {
            return Ok(reply);
        }
        // A writer at work must not lose its fence because the store has failed others.
        if matches!(step, Step::Renew { expected: Expected::Fence(_), .. })
            && !self.circuit(Some(key)).breaker.snapshot().is_closed()
            && let Some(me) = self.me.upgrade()
        {
            return me.write(&key.into(), step, self.pending.now()).await;
        }
        self.answered(StoreOp::step(&step), key, pin!(self.store.run(key, step))).await
    }

    /// Looks at several keys at once. Very many go out one part after the other, each part in its own time. An error
    /// is that of all of them; otherwise each is seen or not by itself.
    pub(crate) async fn read_many(&self, keys: &[&str]) -> Result<States, Error> {
        if let Some(known) = self.states(keys) {
            let asked = keys.iter().zip(&known).filter(|(_, known)| known.is_none());
            let asked: Vec<&str> = asked.map(|(key, _)| *key).collect();
            return fill_in(known, self.ask_many(&asked).await?);
        }
        self.ask_many(keys).await
    }

    /// What is asked of several servers at once is asked of each by itself: each has its own time, and its own breaker.
    async fn ask_many(&self, keys: &[&str]) -> Result<States, Error> {
        let Some(groups) = self.store.divided(keys.iter().copied()) else {
            return self.ask_one(keys).await;
        };
        let asked = groups.iter().map(|group| async {
            let keys: Vec<&str> = group.iter().map(|&at| keys[at]).collect();
            self.ask_one(&keys).await
        });
        gathered(&groups, join_all(asked).await)
    }

    async fn ask_one(&self, keys: &[&str]) -> Result<States, Error> {
        let mut states = Vec::with_capacity(keys.len());
        for part in keys.chunks(AT_ONCE) {
            let look = pin!(async { all_unwell(self.store.read_many(part).await?) });
            states.extend(self.answered(StoreOp::READ_MANY, part[0], look).await?);
        }
        Ok(states)
    }

    /// Takes several steps at once, in this order; very many as [`read_many`](Guard::read_many) does. An error
    /// is that of all of them; otherwise each has an answer of its own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        if let Some(known) = self.replies(steps) {
            let taken = steps.iter().zip(&known).filter(|(_, known)| known.is_none());
            let taken: Vec<_> = taken.map(|(step, _)| step.clone()).collect();
            return fill_in(known, self.take_many(&taken).await?);
        }
        self.take_many(steps).await
    }

    async fn take_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        let Some(groups) = self.store.divided(steps.iter().map(|(key, _)| *key)) else {
            return self.take_one(steps).await;
        };
        let taken = groups.iter().map(|group| async {
            let steps: Vec<_> = group.iter().map(|&at| steps[at].clone()).collect();
            self.take_one(&steps).await
        });
        gathered(&groups, join_all(taken).await)
    }

    async fn take_one(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        let mut replies = Vec::with_capacity(steps.len());
        for part in steps.chunks(AT_ONCE) {
            let taken = pin!(async { all_unwell(self.store.run_many(part).await?) });
            replies.extend(self.answered(StoreOp::steps(part), part[0].0, taken).await?);
        }
        Ok(replies)
    }

    /// The store itself, for what is bounded by [`bounded`](Guard::bounded) or by itself.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Does something on the store, on the way of `key`, for which there is no other way, so that it is worth waiting
    /// for: for as long as `patience`, and for as long as one operation may take at least.
    pub(crate) async fn bounded<T>(
        &self,
        asked: StoreOp,
        key: &str,
        patience: Duration,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let deadline = patience.max(self.settings.deadline);
        self.in_time(asked, Some(key), deadline, pin!(operation)).await
    }

    /// Waits until the store has confirmed every invalidation; what is left is an error.
    pub(crate) async fn settled(&self, patience: Duration) -> Result<(), usize> {
        if let Some(me) = self.me.upgrade().filter(|me| me.pending.len() != 0) {
            me.start_redelivery();
        }
        match time::timeout(patience, self.pending.all_confirmed()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.pending.len()),
        }
    }

    /// As [`in_time`](Guard::in_time), and counts what the answer holds.
    async fn answered<T: StoreReply>(
        &self,
        asked: StoreOp,
        key: &str,
        step: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let answer = self.in_time(asked, Some(key), self.settings.deadline, step).await?;
        answer.count(&self.settings.counters);
        Ok(answer)
    }

    /// An operation of a reader: it is not tried while the store is left alone. The step is pinned by the caller, so
    /// that it is held once.
    async fn in_time<T>(
        &self,
        asked: StoreOp,
        key: Option<&str>,
        deadline: Duration,
        step: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let circuit = self.circuit(key);
        let seen = circuit.breaker.snapshot();
        if !seen.is_closed() {
            see_to_recovery(&circuit);
            let why = circuit.why();
            return Err(self.reject(format!("it is left alone until it answers again: {why}")));
        }
        self.attempt(asked, (&circuit, seen), key, deadline, step).await
    }

    /// Bounds what a store that is elsewhere may take, times it, and takes note of how it went.
    async fn attempt<T>(
        &self,
        asked: StoreOp,
        (circuit, seen): (&Circuit, BreakerSnapshot),
        key: Option<&str>,
        deadline: Duration,
        step: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let counters = &self.settings.counters;
        if !self.store.is_remote() {
            asked.count(counters);
            return step.await;
        }
        let Ok(_permit) = self.permits.try_acquire() else {
            return Err(self.reject("too many operations wait for it".into()));
        };
        asked.count(counters);
        let began = Instant::now();
        let result = match time::timeout(deadline, step).await {
            Ok(result) => result,
            Err(_) => {
                key.inspect(|key| self.store.suspect(key));
                Err(Error::Unavailable(format!("no answer within {deadline:?}")))
            }
        };
        let took = began.elapsed();
        counters.answered(asked.operation, took, result.is_ok());
        if result.is_err() {
            asked.count_failure(counters);
        }
        match &result {
            Err(Error::Unavailable(why)) => self.failed(circuit, seen, key, why),
            // One that others would not have waited for says nothing for the store.
            _ if took > self.settings.deadline => {}
            _ => circuit.breaker.answered(seen),
        }
        result
    }

    fn failed(&self, circuit: &Circuit, seen: BreakerSnapshot, key: Option<&str>, why: &str) {
        if circuit.breaker.failed(seen) {
            let failures = self.settings.failures;
            // Of the servers of a cluster, it is the one with this key that has to be probed.
            circuit.opened_for(why, key.filter(|key| self.store.shard(key) != 0));
            tracing::warn!(failures, why, "the cache's store is left alone until it answers again");
            see_to_recovery(circuit);
        }
    }

    /// The circuit of the server that has `key`.
    fn circuit(&self, key: Option<&str>) -> CircuitRef<'_> {
        let new = |closing: &_, key: &str| Circuit::new(&self.me, &self.settings, closing, key);
        self.circuits.of(&self.store, key, new)
    }

    fn reject(&self, why: String) -> Error {
        self.settings.counters.rejected.add_one();
        Error::Unavailable(why)
    }
}

/// Starts to probe an unwell server, unless somebody is at it.
fn see_to_recovery(circuit: &Circuit) {
    let Ok(runtime) = Handle::try_current() else { return };
    let probed = &circuit.breaker.probed;
    if !probed.load(Ordering::Acquire) && !probed.swap(true, Ordering::AcqRel) {
        runtime.spawn(Prober::of(circuit.me()).run());
    }
}

/// Where the store has said to everything that was asked at once that it is unwell, that is an error of all of it.
fn all_unwell<T>(mut answers: Vec<Result<T, Error>>) -> Result<Vec<Result<T, Error>>, Error> {
    match answers.iter().all(|answer| matches!(answer, Err(Error::Unavailable(_)))) {
        true => match answers.pop() {
            Some(Err(error)) => Err(error),
            _ => Ok(answers),
        },
        false => Ok(answers),
    }
}

/// Puts the answers of several servers in the order of the questions; where none has answered, that is an error of all.
fn gathered<T>(
    groups: &[Vec<usize>],
    answers: Vec<Result<Vec<Result<T, Error>>, Error>>,
) -> Result<Vec<Result<T, Error>>, Error> {
    if let Some(Err(error)) = answers.first()
        && answers.iter().all(Result::is_err)
    {
        return Err(error.clone());
    }
    let mut found: Vec<(usize, Result<T, Error>)> = Vec::new();
    for (group, answers) in groups.iter().zip(answers) {
        match answers {
            Ok(answers) => found.extend(group.iter().copied().zip(answers)),
            Err(error) => found.extend(group.iter().map(|&at| (at, Err(error.clone())))),
        }
    }
    found.sort_unstable_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, answer)| answer).collect())
}
