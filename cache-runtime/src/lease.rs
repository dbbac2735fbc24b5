//! A lease that is held: renewed while its loader works, given up when dropped.

mod batch;

pub(crate) use self::batch::{Leases, Which};

use std::{
    future::{self, Future},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::time;

use crate::{
    entry::Entry,
    guard::Guard,
    protocol::{Expected, Nonce, Reply, Step},
};

/// The right to fill one key. Dropping it gives it up at once, so that the next caller need not wait.
pub(crate) struct Lease {
    guard: Arc<Guard>,
    key: Arc<str>,
    token: Nonce,
    life: Duration,
    /// The store has taken the lease away or turned it into a value: there is nothing to give up.
    spent: bool,
}

impl Lease {
    /// A lease that is about to be acquired under `token`.
    ///
    /// It exists before its acquisition is sent, so that an acquisition whose answer never comes is given
    /// up as well.
    pub(crate) fn new(guard: &Arc<Guard>, key: &Arc<str>, token: Nonce, life: Duration) -> Self {
        Lease { guard: Arc::clone(guard), key: Arc::clone(key), token, life, spent: false }
    }

    pub(crate) fn token(&self) -> Nonce {
        self.token
    }

    /// The token, for a step that ends the lease whatever the answer.
    pub(crate) fn spend(mut self) -> Nonce {
        self.spent = true;
        self.token
    }

    /// Runs `load`, renewing the lease three times in each of its lives until the load ends.
    pub(crate) async fn renewing<F: Future>(&self, load: F) -> F::Output {
        let expected = Expected::Lease(self.token);
        alongside(load, renew(&self.guard, &self.key, expected, self.life)).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.spent {
            let expected = Expected::Lease(self.token);
            self.guard.run_detached(&self.key, Step::Release { expected });
        }
    }
}

/// What gives a loader the right to store: its lease, and the state of things from before the load.
pub(crate) struct Claim {
    lease: Lease,
    /// The stamp of the value that is to be replaced, where there is one: then the lease stands on a key of
    /// its own, to elect one loader, and it is the stamp that keeps the fill right.
    replaces: Option<Nonce>,
    /// The stamps that the entry's tags had before the load.
    pub(crate) tags: Vec<Nonce>,
}

impl Claim {
    pub(crate) fn new(lease: Lease, replaces: Option<Nonce>, tags: Vec<Nonce>) -> Self {
        Claim { lease, replaces, tags }
    }

    /// What has to be there still when the value is stored.
    pub(crate) fn expected(&self) -> Expected {
        self.replaces.map_or(Expected::Lease(self.lease.token), Expected::Value)
    }

    /// The stamp for the value.
    pub(crate) fn stamp(&self) -> Nonce {
        // A token serves, since it is never used again.
        self.lease.token
    }

    /// Whether it is the value of this stamp that is to be replaced.
    pub(crate) fn replaces(&self, stamp: Nonce) -> bool {
        self.replaces == Some(stamp)
    }

    /// The step that was to end the claim has been answered.
    pub(crate) fn spend(self) {
        if self.replaces.is_none() {
            self.lease.spend();
        }
    }

    /// Runs `load`, renewing the lease meanwhile.
    pub(crate) async fn renewing<F: Future>(&self, load: F) -> F::Output {
        self.lease.renewing(load).await
    }

    /// Ends a claim whose load failed. Where a value stands that can be served in its place, nobody in the
    /// fleet is to try again for `pause`: a mark takes the lease's place.
    pub(crate) fn fail(self, pause: Duration) -> Option<Claim> {
        if self.replaces.is_none() {
            return Some(self);
        }
        let (guard, key) = (Arc::clone(&self.lease.guard), Arc::clone(&self.lease.key));
        let token = self.lease.spend();
        guard.run_detached(&key, mark(token, pause));
        None
    }
}

/// What takes the place of the lease of a load that has failed, for a while.
fn mark(token: Nonce, life: Duration) -> Step<Entry> {
    let (expected, value) = (Expected::Lease(token), Entry::tag(token));
    Step::Fill { expected, stamp: token, value, life }
}

/// Renews what `expected` names for as long as it is polled and the store says that it stands.
///
/// An unreachable store is asked again at the next turn: two turns can be missed before the life is over.
pub(crate) async fn renew(guard: &Guard, key: &str, expected: Expected, life: Duration) {
    loop {
        time::sleep(life / 3).await;
        let reply = guard.run(key, Step::Renew { expected, life }).await;
        if reply == Ok(Reply::Superseded) {
            return;
        }
    }
}

/// Polls `main` to its end, and `side` for as long as that takes.
async fn alongside<F: Future>(main: F, side: impl Future<Output = ()>) -> F::Output {
    let mut main = pin!(main);
    let mut side = pin!(side);
    let mut side_ended = false;
    future::poll_fn(|cx| {
        if let Poll::Ready(output) = main.as_mut().poll(cx) {
            return Poll::Ready(output);
        }
        side_ended = side_ended || side.as_mut().poll(cx).is_ready();
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests;
