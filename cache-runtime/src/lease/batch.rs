//! The leases of a batch: renewed together while its one load works, given up together when dropped.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::time;

use super::{alongside, mark};
use crate::{
    entry::Entry,
    guard::Guard,
    protocol::{Expected, Nonce, Reply, Step},
    time::nonce,
};

/// The right to fill some keys. Dropping it gives all of them up at once, in one round trip that nobody
/// waits for.
pub(crate) struct Leases {
    guard: Arc<Guard>,
    life: Duration,
    held: Vec<Option<(Arc<str>, Nonce)>>,
}

/// Which of the leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Which(usize);

impl Leases {
    pub(crate) fn new(guard: &Arc<Guard>, life: Duration) -> Self {
        Leases { guard: Arc::clone(guard), life, held: Vec::new() }
    }

    /// How long each stands if nobody renews it.
    pub(crate) fn life(&self) -> Duration {
        self.life
    }

    /// A lease of `key` that is about to be acquired under this token.
    ///
    /// It is held before its acquisition is sent, so that an acquisition whose answer never comes is given up
    /// as well.
    pub(crate) fn ask(&mut self, key: &Arc<str>) -> (Which, Nonce) {
        let token = nonce();
        self.held.push(Some((Arc::clone(key), token)));
        (Which(self.held.len() - 1), token)
    }

    /// The token, if the lease has not been spent.
    pub(crate) fn token(&self, which: Which) -> Option<Nonce> {
        self.held[which.0].as_ref().map(|(_, token)| *token)
    }

    /// The store has not given the lease, has taken it away, or has turned it into a value: there is nothing
    /// to give up.
    pub(crate) fn spend(&mut self, which: Which) {
        self.held[which.0] = None;
    }

    /// Gives one of them up.
    pub(crate) fn give_up(&mut self, which: Which) {
        if let Some((key, token)) = self.held[which.0].take() {
            self.guard.run_detached(&key, release(token));
        }
    }

    /// Gives all of them up.
    pub(crate) fn release(&mut self) {
        self.fail([], Duration::ZERO);
    }

    /// Gives all of them up after a load that has failed. Those that were `elected` to replace a value leave a
    /// mark, so that nobody is elected for `pause`.
    pub(crate) fn fail(&mut self, elected: impl IntoIterator<Item = Which>, pause: Duration) {
        let mut steps = Vec::new();
        for which in elected {
            steps.extend(self.held[which.0].take().map(|(key, token)| (key, mark(token, pause))));
        }
        let held = self.held.iter_mut().filter_map(Option::take);
        steps.extend(held.map(|(key, token)| (key, release(token))));
        if !steps.is_empty() {
            self.guard.run_many_detached(steps);
        }
    }

    /// Runs `load`, renewing the leases three times in each of their lives until the load ends.
    pub(crate) async fn renewing<F: Future>(&self, load: F) -> F::Output {
        alongside(load, self.renew()).await
    }

    /// Renews for as long as it is polled those that the store says still stand.
    async fn renew(&self) {
        let life = self.life;
        let mut standing: Vec<_> = self.held.iter().flatten().collect();
        while !standing.is_empty() {
            time::sleep(life / 3).await;
            let steps: Vec<_> = standing
                .iter()
                .map(|(key, token)| {
                    (&**key, Step::Renew { expected: Expected::Lease(*token), life })
                })
                .collect();
            // An unreachable store is asked again at the next turn.
            if let Ok(replies) = self.guard.run_many(&steps).await {
                let mut replies = replies.into_iter();
                standing.retain(|_| replies.next() != Some(Ok(Reply::Superseded)));
            }
        }
    }
}

fn release(token: Nonce) -> Step<Entry> {
    Step::Release { expected: Expected::Lease(token) }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.release();
    }
}
