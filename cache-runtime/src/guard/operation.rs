//! One operation on the store: the breaker lets it through, a deadline bounds it, and its outcome is counted.

use std::{
    future::{Future, pending},
    pin::{Pin, pin},
    sync::{Arc, Weak, atomic::AtomicBool},
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{pending::PendingInvalidations, recovery, settings::Settings};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Reply, Step},
    store::{
        Lane, Store,
        breaker::{Breaker, BreakerSnapshot, OpenReason},
    },
    store_op::{StoreOp, StoreReply},
    time::{Clock, in_real_time, in_real_time_since},
};

/// A store that answers in time or not at all.
pub(crate) struct Guard {
    pub(super) me: Weak<Guard>,
    pub(super) store: Arc<Store>,
    pub(super) settings: Settings,
    /// One permit for each operation that may wait for its answer, so that a server that hangs does not fill the memory.
    permits: Arc<Semaphore>,
    /// As many permits as calls for very many keys may have at once.
    pub(super) turns: Semaphore,
    pub(super) pending: PendingInvalidations,
    /// Whether the redelivery task runs.
    pub(super) redelivering: AtomicBool,
}

impl Guard {
    pub(crate) fn new(store: Store, settings: Settings) -> Arc<Self> {
        Arc::new_cyclic(|me| Guard {
            me: Weak::clone(me),
            store: Arc::new(store),
            permits: Arc::new(Semaphore::new(settings.max_waiting.min(Semaphore::MAX_PERMITS))),
            turns: Semaphore::new((settings.max_waiting / 2).clamp(1, Semaphore::MAX_PERMITS)),
            pending: PendingInvalidations::new(
                settings.max_pending,
                settings.namespace_tag.clone(),
                settings.counters(),
            ),
            redelivering: AtomicBool::new(false),
            settings,
        })
    }

    /// The store itself, for operations that [`bounded`](Guard::bounded) bounds, or that bound themselves.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Whether the store answers at once: it is in this process.
    pub(crate) fn is_local(&self) -> bool {
        matches!(*self.store, Store::Memory(_))
    }

    /// Whether nothing stands between a reader and what the store says: no invalidation is pending.
    pub(crate) fn is_plain(&self) -> bool {
        self.pending.len() == 0
    }

    /// What this process holds of the store under `key`, no older than `most`.
    pub(crate) fn local(&self, key: &str, most: Duration) -> Option<Entry> {
        self.store.local(key, most)
    }

    /// Waits, after a step of a writer has been answered, until no process can serve a local copy from before it. It is a wait
    /// of real time, since copies are other processes' too.
    pub(crate) async fn outlive_copies(&self) {
        if let Some(wait) = self.store.local_wait() {
            in_real_time(wait, pin!(pending::<()>())).await;
        }
    }

    /// The clock of soft expiries.
    pub(crate) fn clock(&self) -> Clock {
        if self.is_local() { Clock::Tokio } else { Clock::System }
    }

    /// A key as logs may show it: not at all, unless the builder allows it. It may hold personal data.
    pub(crate) fn shown<'k>(&self, key: &'k str) -> Option<&'k str> {
        self.settings.log_keys.then_some(key)
    }

    /// Lets a reader's operation through, and returns the breaker as it finds it. An error where the breaker is open.
    pub(super) fn admit(&self, lane: &Lane<'_>) -> Result<BreakerSnapshot, Error> {
        let seen = lane.snapshot();
        match lane.breaker() {
            Some(breaker) if !seen.is_closed() => {
                self.recover(breaker);
                let why = breaker.reason().error;
                Err(self.reject(format!("it is left alone until it answers again: {why}")))
            }
            _ => Ok(seen),
        }
    }

    /// Runs an operation on `key` within `deadline`, times it, and tells the breaker its outcome. The caller pins the step,
    /// so that it is held once.
    pub(super) async fn attempt<T>(
        &self,
        asked: StoreOp,
        (lane, key): (&Lane<'_>, &str),
        seen: BreakerSnapshot,
        deadline: Duration,
        step: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let counters = self.settings.counters();
        let Some(breaker) = lane.breaker() else {
            asked.count(counters);
            return step.await;
        };
        let Ok(_permit) = self.permits.try_acquire() else {
            return Err(self.reject("too many operations wait for it".into()));
        };
        asked.count(counters);
        let began = Instant::now();
        // The time-out of a transfer says nothing about the server.
        let mut transfers = false;
        let result = match in_real_time_since(began, deadline, step).await {
            Some(result) => result,
            None if lane.transfers(deadline) => {
                transfers = true;
                let why = "a large value is on its way over the connection";
                Err(Error::Unavailable(format!("no answer within {deadline:?}: {why}")))
            }
            None => {
                lane.mark_unresponsive(key);
                Err(Error::Unavailable(format!("no answer within {deadline:?}")))
            }
        };
        let took = began.elapsed();
        counters.answered(asked.operation, took, result.is_ok());
        if result.is_err() {
            asked.count_failure(counters);
        }
        match &result {
            Err(_) if transfers => {}
            Err(Error::Unavailable(why)) => self.failed(breaker, seen, key, why),
            // An answer that came after the usual deadline says nothing for the server.
            _ if took > self.settings.deadline => {}
            _ => breaker.answered(seen),
        }
        result
    }

    /// Takes one step, whether its key is pending or not.
    pub(super) async fn step(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        let lane = self.store.lane(key);
        let (asked, deadline) = (StoreOp::step(&step), self.settings.deadline);
        let seen = self.admit(&lane)?;
        let taken = pin!(lane.run(key, step));
        let reply = self.attempt(asked, (&lane, key), seen, deadline, taken).await?;
        reply.count(self.settings.counters());
        Ok(reply)
    }

    fn failed(&self, breaker: &Arc<Breaker>, seen: BreakerSnapshot, key: &str, why: &str) {
        // On a cluster, probes have to read a key of this server.
        let key = || self.store.has_several_servers().then(|| key.into());
        if breaker.failed(seen, || OpenReason { error: why.into(), key: key() }) {
            let failures = self.settings.breakers.threshold;
            tracing::warn!(failures, why, "the cache's store is left alone until it answers again");
            self.recover(breaker);
        }
    }

    /// Starts to probe an unwell server, unless a task does.
    pub(super) fn recover(&self, breaker: &Arc<Breaker>) {
        recovery::start(&self.store, breaker, &self.settings);
    }

    /// A permit for an operation that waits in the background, if there is one left.
    pub(super) fn permit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    fn reject(&self, why: String) -> Error {
        self.settings.counters().rejected.add_one();
        Error::Unavailable(why)
    }
}

#[cfg(all(test, feature = "redis"))]
mod tests;
