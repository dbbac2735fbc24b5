//! The steps of writers, which are never left out: other processes may be back with the store before this one.
//!
//! What the store has not confirmed is pending. While the breaker is open, a step waits for nothing that takes long:
//!
//! | the way to the store | what a step does |
//! |---|---|
//! | connected, and nothing speaks against it | waits for its answer, as ever |
//! | connected, but silent: the server hangs, or is slow | is sent, and its answer is left to the background |
//! | not connected, and refused at once | has another attempt to connect made; one that ends a write waits for that |
//! | not connected, and attempts take long | is pending |
//!
//! A settlement has to know: an attempt that fails after the commit shows that the server was still away then, so that
//! one that comes back empty will only see loads from after it. A fence need not, since its settlement will.
//!
//! All steps of a key take one way, so those that are sent arrive in their order, and before anything newer.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use tokio::{runtime::Handle, task::unconstrained, time};

use super::{
    operation::Guard,
    pending::{LogicalTime, emptying},
};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Nonce, Reply, Step},
    store::{Lane, breaker::BreakerSnapshot, connection::ConnectionState},
    store_op::StoreOp,
};

/// How long an answer is waited for in the background.
const LATE: Duration = Duration::from_secs(30);

/// A fence that was raised, or may have been.
pub(crate) struct FenceOutcome {
    /// The epoch in force; where the store did not answer, the one that was proposed, which may stand.
    pub(crate) epoch: Nonce,
    /// Where the store has not confirmed the fence: the error, and the key that is pending until the write is complete.
    pub(crate) unconfirmed: Option<(Error, Unconfirmed)>,
}

/// A writer at work on a key without a confirmed fence. Until it has delivered, this process reads past the key;
/// dropped before, a delete is pending.
pub(crate) struct Unconfirmed {
    guard: Arc<Guard>,
    /// None once it has ended.
    name: Option<Arc<str>>,
    /// Its fence, once it has begun to settle.
    own: Option<Nonce>,
}

impl Unconfirmed {
    fn begin(guard: &Arc<Guard>, key: &Arc<str>) -> Unconfirmed {
        Unconfirmed { guard: Arc::clone(guard), name: Some(guard.pending.begin(key)), own: None }
    }

    /// The write is complete.
    fn end(mut self) {
        if let Some(name) = self.name.take() {
            self.guard.pending.end(&name);
        }
    }
}

impl Drop for Unconfirmed {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            self.guard.pending.end_unconfirmed(&name, self.own);
            self.guard.start_redelivery();
        }
    }
}

/// A delivery under way. Dropped before it has been confirmed, it leaves a pending invalidation.
struct Delivery<'a> {
    guard: &'a Arc<Guard>,
    key: &'a Arc<str>,
    /// The fence of the writer that settles.
    own: Option<Nonce>,
    unconfirmed: Option<Unconfirmed>,
    open: bool,
}

impl Delivery<'_> {
    fn confirmed(mut self, sent: LogicalTime) {
        self.open = false;
        self.guard.pending.confirm(self.key, sent);
        if let Some(unconfirmed) = self.unconfirmed.take() {
            unconfirmed.end();
        }
    }
}

impl Drop for Delivery<'_> {
    fn drop(&mut self) {
        // A writer without a confirmed fence leaves one by its own end.
        if self.open && self.unconfirmed.is_none() {
            self.guard.pending.add(self.key, self.own);
            self.guard.start_redelivery();
        }
    }
}

impl Guard {
    /// Fences a key for a write that is about to begin.
    pub(crate) async fn fence(
        self: &Arc<Self>,
        key: &Arc<str>,
        proposed: Nonce,
        life: Duration,
    ) -> FenceOutcome {
        let sent = self.pending.now();
        let error = match self.write(key, Step::Fence { epoch: proposed, life }, sent).await {
            Ok(Reply::Fenced(epoch)) => {
                // Whatever was there before is gone.
                self.pending.confirm(key, sent);
                return FenceOutcome { epoch, unconfirmed: None };
            }
            Ok(_) => Error::Unavailable("the store did not fence the key".into()),
            Err(error) => error,
        };
        let unconfirmed = Unconfirmed::begin(self, key);
        FenceOutcome { epoch: proposed, unconfirmed: Some((error, unconfirmed)) }
    }

    /// Takes a step that ends a write; where that fails, empties the key in what is left of the time.
    ///
    /// A settlement is not sent twice by the store, since it counts. A delete may be, and if it lands before
    /// the writer returns, nothing is pending. Otherwise the key is, also where this is dropped halfway.
    pub(crate) async fn complete_write(
        self: &Arc<Self>,
        key: &Arc<str>,
        step: Step<Entry>,
        mut unconfirmed: Option<Unconfirmed>,
    ) -> Result<(), Error> {
        let own = match &step {
            Step::Settle { epoch, .. } => Some(*epoch),
            _ => None,
        };
        if let Some(unconfirmed) = &mut unconfirmed {
            unconfirmed.own = own;
        }
        let delivery = Delivery { guard: self, key, own, unconfirmed, open: true };
        let (lane, deadline) = (self.store.lane(key), self.settings.deadline);
        let (seen, sent) = (lane.snapshot(), self.pending.now());
        if let Err(error) = self.may_wait(&lane, seen) {
            // First it becomes pending, so that what is sent now confirms it.
            drop(delivery);
            let sent = self.pending.now();
            if self.send(key, step, sent).await {
                return Err(error);
            }
            let (asked, emptied) = (StoreOp::step(&Step::Delete), pin!(self.empty(key, own)));
            self.attempt(asked, (&lane, key), seen, deadline, emptied).await?;
            self.pending.confirm(key, sent);
            return Ok(());
        }
        let asked = StoreOp::step(&step);
        let delivered = async {
            match lane.run(key, step).await {
                Ok(_) => Ok(()),
                // The attempt to connect that has just failed need not fail again.
                Err(error) if !seen.is_closed() && !self.store.lane(key).state().is_connected() => {
                    Err(error)
                }
                Err(_) => {
                    asked.count_failure(self.settings.counters());
                    StoreOp::step(&Step::Delete).count(self.settings.counters());
                    self.empty(key, own).await
                }
            }
        };
        self.attempt(asked, (&lane, key), seen, deadline, pin!(delivered)).await?;
        delivery.confirmed(sent);
        Ok(())
    }

    /// Empties a key at once; the delete has been counted.
    async fn empty(&self, key: &str, own: Option<Nonce>) -> Result<(), Error> {
        let mut emptied = Ok(());
        for (key, step) in emptying(key, own) {
            if !matches!(step, Step::Delete) {
                StoreOp::step(&step).count(self.settings.counters());
            }
            // The delete is worth more, and is sent in any case.
            emptied = self.store.lane(key).run(key, step).await.map(drop).and(emptied);
        }
        emptied
    }

    /// The time now: a delete that is sent from now on confirms every invalidation that is pending by now.
    pub(crate) fn now(&self) -> LogicalTime {
        self.pending.now()
    }

    /// What was sent at `sent` has taken away whatever was under `key`.
    pub(crate) fn emptied(&self, key: &str, sent: LogicalTime) {
        self.pending.confirm(key, sent);
    }

    /// Takes a step of somebody who writes, or gives something up. It may be taken twice.
    pub(super) async fn write(
        self: &Arc<Self>,
        key: &Arc<str>,
        step: Step<Entry>,
        sent: LogicalTime,
    ) -> Result<Reply<Entry>, Error> {
        let lane = self.store.lane(key);
        let seen = lane.snapshot();
        let fences = matches!(step, Step::Fence { .. });
        let may_wait =
            self.may_wait(&lane, seen).and_then(|()| match fences && !seen.is_closed() {
                // It is the settlement that has to know whether the server was away.
                true if !lane.state().is_connected() => Err(away()),
                _ => Ok(()),
            });
        if let Err(error) = may_wait
            && self.send(key, step.clone(), sent).await
        {
            return Err(error);
        }
        let (asked, deadline) = (StoreOp::step(&step), self.settings.deadline);
        let taken = pin!(lane.run(key, step));
        self.attempt(asked, (&lane, key), seen, deadline, taken).await
    }

    /// Whether a step may wait for its answer.
    fn may_wait(&self, lane: &Lane<'_>, seen: BreakerSnapshot) -> Result<(), Error> {
        let Some(breaker) = lane.breaker().filter(|_| !seen.is_closed()) else { return Ok(()) };
        self.recover(breaker);
        match lane.state() {
            ConnectionState::Connected | ConnectionState::Refused => Ok(()),
            ConnectionState::Unresponsive => {
                Err(Error::Unavailable("the store does not answer".into()))
            }
            ConnectionState::Unreachable => Err(away()),
        }
    }

    /// Sends a step, if it can be sent at once, and leaves its answer to the background. False where the connection
    /// turned out to be lost, so that it may not have been sent, and waiting does not take long any more.
    async fn send(self: &Arc<Self>, key: &Arc<str>, step: Step<Entry>, sent: LogicalTime) -> bool {
        let lane = self.store.lane(key);
        if !lane.state().is_connected() {
            lane.reconnect_now();
            return true;
        }
        let Ok(runtime) = Handle::try_current() else { return true };
        let Some(permit) = self.permit() else { return true };
        let (guard, its) = (Arc::clone(self), Arc::clone(key));
        StoreOp::step(&step).count(self.settings.counters());
        let empties = matches!(step, Step::Fence { .. } | Step::Settle { .. } | Step::Delete);
        let ids = self.connection_ids(&[key]);
        let late = async move {
            let _permit = permit;
            let lane = guard.store.lane(&its);
            if let Ok(Ok(_)) = time::timeout(LATE, lane.run(&its, step)).await {
                if let Some(breaker) = lane.breaker() {
                    breaker.sign_of_life.notify_one();
                }
                if empties && guard.still_masters(&[&its], ids).await == [true] {
                    guard.pending.confirm(&its, sent);
                }
            }
        };
        // Polled here for the first time, so that it is sent before what this caller sends next. That the caller has
        // had its share of time must not put it off.
        let mut late = Box::pin(unconstrained(late));
        let pending = poll_fn(|cx| Poll::Ready(late.as_mut().poll(cx).is_pending())).await;
        match self.store.lane(key).state() {
            ConnectionState::Connected | ConnectionState::Unresponsive => {
                if pending {
                    runtime.spawn(late);
                }
                true
            }
            ConnectionState::Unreachable => true,
            ConnectionState::Refused => false,
        }
    }
}

fn away() -> Error {
    Error::Unavailable("the store cannot be reached".into())
}
