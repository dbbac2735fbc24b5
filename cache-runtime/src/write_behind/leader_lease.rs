//! The leader's lease: the right to flush a queue, which one process holds at a time.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::time::{self, Instant};

use crate::{
    guard::Guard,
    lease::{Claims, Which},
    protocol::{Expected, Nonce, Reply, State, Step},
    time::nonce,
};

/// A lease that this process holds as far as it knows. Dropping it releases it.
pub(super) struct LeaderLease {
    guard: Arc<Guard>,
    key: Arc<str>,
    claims: Claims,
    token: Nonce,
    life: Duration,
    /// It stands at least until then: counted from before it was requested.
    until: Instant,
}

impl LeaderLease {
    /// Tries once to acquire the lease.
    pub(super) async fn try_acquire(
        guard: &Arc<Guard>,
        key: &Arc<str>,
        life: Duration,
    ) -> Option<Self> {
        let mut claims = Claims::none(guard, life);
        let (_, token) = claims.ask(Arc::clone(key), None);
        let until = Instant::now() + life;
        // `Take` replaces no value here, since nothing has this stamp. But a server executes it even when its memory
        // is full, and a queue that has filled the memory needs a leader.
        let take = |stale| Step::Take { stale, token, life };
        let mut taken = guard.run(key, take(Expected::Value(nonce()))).await;
        if let Ok(Reply::Found(State::Void(stale))) = taken {
            taken = guard.run(key, take(stale)).await;
        }
        match taken {
            Ok(Reply::Acquired) => {
                let (guard, key) = (Arc::clone(guard), Arc::clone(key));
                Some(LeaderLease { guard, key, claims, token, life, until })
            }
            Ok(found) => {
                claims.spend(Which::FIRST);
                if found == Reply::Found(State::Unreadable) {
                    // No flusher wrote this. The next one that tries acquires the lease.
                    _ = guard.run(key, Step::Discard).await;
                }
                None
            }
            // The server may have granted the lease although the answer was lost. Dropping it releases it.
            Err(_) => None,
        }
    }

    pub(super) fn token(&self) -> Nonce {
        self.token
    }

    /// Renews the lease for its whole life, and says whether it still stands.
    pub(super) async fn confirm(&mut self) -> bool {
        self.renew().await == Some(true)
    }

    /// Releases the lease, so that the next leader does not have to wait until it expires.
    pub(super) async fn resign(mut self) {
        let expected = Expected::Lease(self.token());
        if self.guard.run(&self.key, Step::Release { expected }).await.is_ok() {
            self.claims.spend(Which::FIRST);
        }
    }

    /// Runs `work` while the lease stands, and keeps renewing it meanwhile. Returns `None`, and drops the work, where
    /// the lease was lost or may have been.
    pub(super) async fn while_held<F: Future>(&mut self, work: F) -> Option<F::Output> {
        match select(pin!(work), pin!(self.keep_alive())).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }

    /// Renews the lease three times in each of its lives, until it is lost.
    async fn keep_alive(&mut self) {
        let mut next = self.until - self.life * 2 / 3;
        loop {
            time::sleep_until(next.min(self.until)).await;
            let renewed = self.renew().await;
            if renewed == Some(false) || Instant::now() >= self.until {
                return;
            }
            next = match renewed {
                Some(_) => self.until - self.life * 2 / 3,
                None => Instant::now() + self.life / 10,
            };
        }
    }

    /// Whether the lease was renewed. `None` where no answer came while it stood.
    async fn renew(&mut self) -> Option<bool> {
        let until = Instant::now() + self.life;
        let expected = Expected::Lease(self.token());
        let step = Step::Renew { expected, life: self.life };
        match time::timeout_at(self.until, self.guard.run(&self.key, step)).await {
            Ok(Ok(Reply::Done)) => {
                self.until = until;
                Some(true)
            }
            Ok(Ok(_)) => Some(false),
            Ok(Err(_)) | Err(_) => None,
        }
    }
}
