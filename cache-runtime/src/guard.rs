//! What stands between callers and a store that may be unwell: a deadline on every operation.
//!
//! Everything that talks to a store passes through here, so this is also where a circuit breaker belongs.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    time::{Duration, Instant},
};

#[cfg(feature = "redis")]
use tokio::runtime::Handle;
use tokio::{sync::Semaphore, time};

use crate::{
    asked::{Answer, Asked},
    entry::Entry,
    error::Error,
    protocol::{Reply, State, Step},
    stats::StoreCounters,
    store::{Replies, States, Store},
};

/// How many keys or steps go out at once: so many that the round trip costs little beside them, so few that they
/// can be answered in the time that one operation has.
const AT_ONCE: usize = 5_000;

/// A store that answers in time or not at all.
pub(crate) struct Guard {
    store: Store,
    deadline: Duration,
    pending: Arc<Semaphore>,
    counters: Arc<StoreCounters>,
    log_keys: bool,
}

impl Guard {
    pub(crate) fn new(store: Store, deadline: Duration, pending: usize) -> Self {
        let pending = Arc::new(Semaphore::new(pending));
        Guard { store, deadline, pending, counters: Arc::default(), log_keys: false }
    }

    /// This guard, with the counters of its store, and whether logs may name keys.
    pub(crate) fn watched(self, counters: &Arc<StoreCounters>, log_keys: bool) -> Self {
        Guard { counters: Arc::clone(counters), log_keys, ..self }
    }

    /// A key as logs may show it: not at all, unless that was asked for. There may be personal data in it.
    pub(crate) fn shown<'k>(&self, key: &'k str) -> Option<&'k str> {
        self.log_keys.then_some(key)
    }

    /// Looks at a key.
    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        self.answered(Asked::READ, pin!(self.store.read(key))).await
    }

    /// Takes one step.
    ///
    /// After an error the step may have been taken all the same, or may yet be: the protocol is right
    /// either way, and callers must be too.
    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        self.answered(Asked::step(&step), pin!(self.store.run(key, step))).await
    }

    /// Looks at several keys at once. Very many go out one part after the other, each part in its own time. An error
    /// is that of all of them; otherwise each is seen or not by itself.
    pub(crate) async fn read_many(&self, keys: &[&str]) -> Result<States, Error> {
        let mut states = Vec::with_capacity(keys.len());
        for part in keys.chunks(AT_ONCE) {
            let look = pin!(self.store.read_many(part));
            states.extend(self.answered(Asked::READ_MANY, look).await?);
        }
        Ok(states)
    }

    /// Takes several steps at once, in this order; very many as [`read_many`](Guard::read_many) does. An error
    /// is that of all of them; otherwise each has an answer of its own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        let mut replies = Vec::with_capacity(steps.len());
        for part in steps.chunks(AT_ONCE) {
            let steps = pin!(self.store.run_many(part));
            replies.extend(self.answered(Asked::steps(part), steps).await?);
        }
        Ok(replies)
    }

    /// Takes a step that ends a write; where that fails, empties the key in what is left of the time.
    ///
    /// A settlement is not sent twice by the store, since it counts. A delete may be, and if it lands before
    /// the writer returns, nothing is owed.
    pub(crate) async fn deliver(&self, key: &str, step: Step<Entry>) -> Result<(), Error> {
        let asked = Asked::step(&step);
        let delivered = async {
            match self.store.run(key, step).await {
                Ok(_) => Ok(()),
                Err(_) => {
                    asked.count_failure(&self.counters);
                    Asked::step(&Step::Delete).count(&self.counters);
                    self.store.run(key, Step::Delete).await.map(drop)
                }
            }
        };
        self.in_time(asked, pin!(delivered)).await
    }

    /// Takes one step that nobody waits for.
    pub(crate) fn run_detached(self: &Arc<Self>, key: &Arc<str>, step: Step<Entry>) {
        match &self.store {
            Store::Memory(store) => {
                Asked::step(&step).count(&self.counters);
                drop(store.run(key, step));
            }
            #[cfg(feature = "redis")]
            Store::Redis(_) => {
                let (guard, key) = (Arc::clone(self), Arc::clone(key));
                in_background(async move { guard.run(&key, step).await.map(drop) });
            }
        }
    }

    /// Takes several steps at once that nobody waits for.
    pub(crate) fn run_many_detached(self: &Arc<Self>, steps: Vec<(Arc<str>, Step<Entry>)>) {
        match &self.store {
            Store::Memory(store) => {
                for (key, step) in steps {
                    Asked::step(&step).count(&self.counters);
                    drop(store.run(&key, step));
                }
            }
            #[cfg(feature = "redis")]
            Store::Redis(_) => {
                let guard = Arc::clone(self);
                in_background(async move {
                    let steps: Vec<_> = steps.iter().map(|(k, s)| (&**k, s.clone())).collect();
                    guard.run_many(&steps).await.map(drop)
                });
            }
        }
    }

    /// The store itself, for what is bounded by [`bounded`](Guard::bounded) or by itself.
    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Does something on the store, for as long as one operation may take.
    pub(crate) async fn bounded<T>(
        &self,
        asked: Asked,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.in_time(asked, pin!(operation)).await
    }

    /// The places for steps that wait to be taken again.
    pub(crate) fn pending(&self) -> &Arc<Semaphore> {
        &self.pending
    }

    /// As [`in_time`](Guard::in_time), and counts what the answer holds.
    async fn answered<T: Answer>(
        &self,
        asked: Asked,
        step: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        let answer = self.in_time(asked, step).await?;
        answer.count(&self.counters);
        Ok(answer)
    }

    /// Bounds what a store that is elsewhere may take, and times it; the embedded one takes a lock and a look-up.
    /// The step is pinned by the caller, so that it is held once.
    async fn in_time<T>(
        &self,
        asked: Asked,
        step: Pin<&mut impl Future<Output = Result<T, Error>>>,
    ) -> Result<T, Error> {
        asked.count(&self.counters);
        if !self.store.is_remote() {
            return step.await;
        }
        let began = Instant::now();
        let answer = match time::timeout(self.deadline, step).await {
            Ok(result) => result,
            Err(_) => Err(Error::Unavailable(format!("no answer within {:?}", self.deadline))),
        };
        self.counters.answered(asked.operation, began.elapsed(), answer.is_ok());
        answer.inspect_err(|_| asked.count_failure(&self.counters))
    }
}

/// Runs what nobody waits for.
#[cfg(feature = "redis")]
fn in_background(step: impl Future<Output = Result<(), Error>> + Send + 'static) {
    // Outside of a runtime (one that is shutting down, say) nothing can be sent: what was to be given up ends
    // by its own expiry.
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        if let Err(error) = step.await {
            tracing::debug!(%error, "a background step on the cache's store failed");
        }
    });
}
