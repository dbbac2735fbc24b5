//! The steps of writers. They are sent whether the breaker is open or not: other processes may be back with the server
//! before this one.
//!
//! While the breaker is open, a step does not wait for long. It depends on the connection of its lane:
//!
//! | the connection | the step |
//! |---|---|
//! | connected | waits for its answer, as ever |
//! | unresponsive: the server hangs, or is slow | is sent, and its answer is left to the background |
//! | refused at once | has another attempt to connect made; one that ends a write waits for that attempt |
//! | unreachable: attempts take long | is not sent: the key is pending |
//!
//! A settlement has to know the outcome of the attempt. One that fails after the commit shows that the server was still away
//! then, so that a server that comes back empty will only see loads from after the commit. A fence need not know, since its
//! settlement will.
//!
//! All steps of a key go over one lane, so they arrive in their order, and before anything newer.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use tokio::{runtime::Handle, task::unconstrained, time};

use super::{operation::Guard, pending::LogicalTime, redelivery::emptying};
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Nonce, Reply, Step},
    store::{Lane, breaker::BreakerSnapshot, connection::ConnectionState},
    store_op::StoreOp,
};

/// How long an answer is waited for in the background.
const LATE: Duration = Duration::from_secs(30);

impl Guard {
    /// Empties a key at once; the delete has been counted.
    pub(super) async fn empty(&self, key: &str, own: Option<Nonce>) -> Result<(), Error> {
        let mut emptied = Ok(());
        for (key, step) in emptying(key, own) {
            if !matches!(step, Step::Delete) {
                StoreOp::step(&step).count(self.settings.counters());
            }
            // The delete is sent in any case, since it is worth more.
            emptied = self.store.lane(key).run(key, step).await.map(drop).and(emptied);
        }
        emptied
    }

    /// The time now: a delete that is sent from now on confirms every invalidation that is pending by now.
    pub(crate) fn now(&self) -> LogicalTime {
        self.pending.now()
    }

    /// A step that was sent at `sent` has emptied `key`, or replaced what it held.
    pub(crate) fn emptied(&self, key: &str, sent: LogicalTime) {
        self.pending.confirm(key, sent);
    }

    /// Takes a step of a writer, or of a reader that gives a lease up. It may be executed twice.
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
                // The settlement has to know whether the server was away; the fence need not wait.
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

    /// Whether a step may wait for its answer. The error says why not.
    pub(super) fn may_wait(&self, lane: &Lane<'_>, seen: BreakerSnapshot) -> Result<(), Error> {
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

    /// Sends a step, if it can be sent at once, and leaves its answer to the background. False where the connection turned
    /// out to be lost: the step may not have been sent, and waiting does not take long any more.
    pub(super) async fn send(
        self: &Arc<Self>,
        key: &Arc<str>,
        step: Step<Entry>,
        sent: LogicalTime,
    ) -> bool {
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
                    guard.outlive_copies().await;
                    guard.pending.confirm(&its, sent);
                }
            }
        };
        // Polled here for the first time, so that it is sent before what this caller sends next. The task's budget must
        // not put it off.
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
