//! The operations of readers. While a server's breaker is open, they fail at once.

use std::{future::Future, pin::pin, time::Duration};

use tokio::time;

use super::{operation::Guard, overlay::fill_in};
use crate::{
    entry::Entry,
    error::Error,
    look::Look,
    protocol::{Expected, Reply, State, Step},
    store::{
        batch::{Replies, States},
        inspected::Inspected,
    },
    store_op::{StoreOp, StoreReply},
};

impl Guard {
    /// Looks at a key in the store.
    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        self.look(key, Look::Store).await
    }

    /// Looks at a key, in whichever way `look` allows.
    pub(crate) async fn look(&self, key: &str, look: Look) -> Result<State<Entry>, Error> {
        if let Some(state) = self.state(key) {
            return Ok(state);
        }
        let lane = self.store.lane(key);
        let (seen, deadline) = (self.admit(&lane)?, self.settings.deadline);
        let looked = pin!(lane.look(key, look));
        let state = self.attempt(StoreOp::READ, (&lane, key), seen, deadline, looked).await?;
        state.count(self.settings.counters());
        Ok(state)
    }

    /// All that the store knows of a key, whether an invalidation of it is pending or not.
    pub(crate) async fn inspect(&self, key: &str) -> Result<Inspected, Error> {
        let lane = self.store.lane(key);
        let (seen, deadline) = (self.admit(&lane)?, self.settings.deadline);
        let inspected = pin!(lane.inspect(key));
        let inspected =
            self.attempt(StoreOp::READ, (&lane, key), seen, deadline, inspected).await?;
        inspected.state.count(self.settings.counters());
        Ok(inspected)
    }

    /// Whether this process uses nothing that is stored under `key`: an invalidation of it is not confirmed yet.
    pub(crate) fn has_pending(&self, key: &str) -> bool {
        self.state(key).is_some()
    }

    /// Takes one step.
    ///
    /// After an error the step may have been executed, or may yet be. The protocol is right either way, and callers must
    /// be too.
    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        if let Some(reply) = self.reply(key, &step) {
            return Ok(reply);
        }
        // A writer at work must not lose its fence because others have opened the breaker.
        if matches!(step, Step::Renew { expected: Expected::Fence(_), .. })
            && !self.store.lane(key).snapshot().is_closed()
            && let Some(me) = self.me.upgrade()
        {
            return me.write(&key.into(), step, self.pending.now()).await;
        }
        self.step(key, step).await
    }

    /// Looks at several keys at once. Very many are sent in parts, one after the other, each with its own deadline. An
    /// error is that of all of them; otherwise each key has a result of its own.
    pub(crate) async fn look_many(&self, keys: &[&str], look: Look) -> Result<States, Error> {
        if let Some(known) = self.states(keys) {
            let asked = keys.iter().zip(&known).filter(|(_, known)| known.is_none());
            let asked: Vec<&str> = asked.map(|(key, _)| *key).collect();
            return fill_in(known, self.look_at(&asked, look).await?);
        }
        self.look_at(keys, look).await
    }

    /// Takes several steps at once; those of one key in this order. Very many are sent as by
    /// [`look_many`](Guard::look_many). An error is that of all of them; otherwise each has an answer of its own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        if let Some(known) = self.replies(steps) {
            let taken = steps.iter().zip(&known).filter(|(_, known)| known.is_none());
            let taken: Vec<_> = taken.map(|(step, _)| step.clone()).collect();
            return fill_in(known, self.take(&taken).await?);
        }
        self.take(steps).await
    }

    /// Runs an operation on `key` that is worth waiting for: its deadline is `patience`, or that of any operation where
    /// that is longer.
    pub(crate) async fn bounded<T>(
        &self,
        asked: StoreOp,
        key: &str,
        patience: Duration,
        operation: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let lane = self.store.lane(key);
        let deadline = patience.max(self.settings.deadline);
        let seen = self.admit(&lane)?;
        self.attempt(asked, (&lane, key), seen, deadline, pin!(operation)).await
    }

    /// Waits until the store has confirmed every invalidation. An error says how many are left.
    pub(crate) async fn settled(&self, patience: Duration) -> Result<(), usize> {
        if let Some(me) = self.me.upgrade().filter(|me| me.pending.len() != 0) {
            me.start_redelivery();
        }
        match time::timeout(patience, self.pending.all_confirmed()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.pending.len()),
        }
    }
}
