//! A lease that is held: renewed while its loader works, given up when dropped.

use std::{
    future::{self, Future},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use tokio::time;

use crate::{
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
