//! The right to flush a queue: a lease that one process holds at a time.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::time::{self, Instant};

use crate::{
    guard::Guard,
    lease::{Claims, Which},
    protocol::{Expected, Nonce, Reply, State, Step},
    time::nonce,
};

/// A lease that is held as far as is known. Dropping it gives it up.
pub(super) struct Leadership {
    guard: Arc<Guard>,
    key: Arc<str>,
    claims: Claims,
    token: Nonce,
    life: Duration,
    /// It stands until then at least: counted from before it was asked for.
    until: Instant,
}

impl Leadership {
    /// Asks for the lease, once.
    pub(super) async fn seek(guard: &Arc<Guard>, key: &Arc<str>, life: Duration) -> Option<Self> {
        let mut claims = Claims::none(guard, life);
        let (_, token) = claims.ask(Arc::clone(key), None);
        let until = Instant::now() + life;
        // It takes no value's place. But it is a step that a server takes even when its memory is full, and a queue
        // that has filled it must have a leader.
        let step = Step::Take { stale: nonce(), token, life };
        match guard.run(key, step).await {
            Ok(Reply::Acquired) => {
                let (guard, key) = (Arc::clone(guard), Arc::clone(key));
                Some(Leadership { guard, key, claims, token, life, until })
            }
            Ok(found) => {
                claims.spend(Which::FIRST);
                if found == Reply::Found(State::Unreadable) {
                    // Nothing that a flusher has put there; the next one to ask gets it.
                    _ = guard.run(key, Step::Discard).await;
                }
                None
            }
            // It may have been taken, though the answer was lost: dropping it gives it up.
            Err(_) => None,
        }
    }

    pub(super) fn token(&self) -> Nonce {
        self.token
    }

    /// Asks whether the lease stands, and has it stand for a whole life from now.
    pub(super) async fn confirm(&mut self) -> bool {
        self.renew().await == Some(true)
    }

    /// Gives the lease up, so that the next one need not wait for its end.
    pub(super) async fn resign(mut self) {
        let expected = Expected::Lease(self.token());
        if self.guard.run(&self.key, Step::Release { expected }).await.is_ok() {
            self.claims.spend(Which::FIRST);
        }
    }

    /// Does `work` while the lease stands, and keeps it alive meanwhile. Nothing where it was lost, or may have
    /// been: then the work was dropped.
    pub(super) async fn during<F: Future>(&mut self, work: F) -> Option<F::Output> {
        match select(pin!(work), pin!(self.keep())).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }

    /// Renews the lease three times in each of its lives, until it is lost.
    async fn keep(&mut self) {
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

    /// Whether the lease has been renewed; nothing where that could not be learned while it stood.
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
