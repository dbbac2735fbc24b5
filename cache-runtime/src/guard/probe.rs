//! Probes: one at a time, in the background, from when a breaker opens until an answer comes within the deadline.
//!
//! The deadline does not cut a probe off. A server that hung answers it the moment it goes on, so no pause has to end
//! first. An answer after the deadline shows that the server is there, and not that it can be used.

use std::{future::Future, pin::pin, sync::atomic::Ordering, time::Duration};

use futures_util::future::select;
use tokio::time::{Instant, sleep, timeout};

use crate::{error::Error, store::breaker::Breaker, time::jittered};

/// After so long without an answer, the connections are made anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// The least time between two probes, if the first one fails: a server may accept connections only to close them.
const BREATH: Duration = Duration::from_millis(50);

/// What is probed.
pub(super) trait ProbeTarget {
    /// Whether the cache has been dropped.
    fn is_gone(&self) -> bool;

    fn breaker(&self) -> &Breaker;

    /// How long an operation may take.
    fn deadline(&self) -> Duration;

    /// How long it is left alone after a probe that failed.
    fn pause(&self) -> Duration;

    /// Sends a cheap command.
    fn probe(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Which connection it has.
    fn connection_id(&self) -> Option<u64>;

    /// Waits until it has another connection than `old`.
    fn connection_other_than(&self, old: Option<u64>) -> impl Future<Output = ()> + Send;

    /// Makes its connections anew.
    fn renew_all(&self);

    /// Connects what is not connected.
    fn reconnect_all(&self) -> impl Future<Output = ()> + Send;
}

/// The task. If its runtime shuts down under it, another one can be started.
pub(super) struct Prober<T: ProbeTarget> {
    target: T,
    /// It has cleared the breaker's `probed` flag itself.
    ended: bool,
}

impl<T: ProbeTarget> Prober<T> {
    pub(super) fn of(target: T) -> Self {
        Prober { target, ended: false }
    }

    pub(super) async fn run(mut self) {
        self.ended = attend(&self.target).await;
    }
}

impl<T: ProbeTarget> Drop for Prober<T> {
    fn drop(&mut self) {
        if !self.ended {
            self.target.breaker().probed.store(false, Ordering::Release);
        }
    }
}

/// Probes until the breaker is closed, and returns true. False where the cache has been dropped.
async fn attend(target: &impl ProbeTarget) -> bool {
    let breaker = target.breaker();
    while !target.is_gone() {
        if breaker.snapshot().is_closed() {
            closed(breaker);
            return true;
        }
        let (began, connection) = (Instant::now(), target.connection_id());
        let patience = PATIENCE.max(target.deadline().saturating_mul(2));
        // What the connection was when the probe failed.
        let failed = match timeout(patience, target.probe()).await {
            Ok(Ok(())) if began.elapsed() <= target.deadline() => {
                // Before operations are let through, so that none meets a link without a connection.
                _ = timeout(target.deadline(), target.reconnect_all()).await;
                closed(breaker);
                return true;
            }
            // Too late: it may be quicker next time.
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::debug!(%error, "the cache's store is still unwell");
                Some(connection)
            }
            Err(_) => {
                target.renew_all();
                Some(None)
            }
        };
        breaker.probing(false);
        if let Some(old) = failed {
            wait(target, old).await;
            breaker.probing(true);
        }
    }
    false
}

/// The pause after a probe that failed. A new connection, or an answer to another operation, ends it early.
async fn wait(target: &impl ProbeTarget, old: Option<u64>) {
    let hope = async {
        let sign_of_life = pin!(target.breaker().sign_of_life.notified());
        select(pin!(target.connection_other_than(old)), sign_of_life).await;
    };
    let breath = sleep(BREATH.min(target.pause()));
    _ = timeout(jittered(target.pause()), hope).await;
    breath.await;
}

fn closed(breaker: &Breaker) {
    // Before it closes, so that the next failure that opens it starts another task.
    breaker.probed.store(false, Ordering::Release);
    if let Some(open_for) = breaker.close() {
        tracing::info!(?open_for, "the cache's store answers again");
    }
}

#[cfg(test)]
mod tests;
