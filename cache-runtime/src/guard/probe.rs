//! Recovery: one probe at a time, in the background, from when the breaker opens until an answer has come in time.
//!
//! A probe is not cut off by the deadline. Where a server hangs, its answer comes the moment the server goes on, and
//! nothing has to be waited for. An answer that is later than an operation may take proves that the server is there,
//! and not that it can be used.

use std::{future::Future, pin::pin, sync::atomic::Ordering, time::Duration};

use futures_util::future::select;
use tokio::time::{Instant, sleep, timeout};

use crate::{error::Error, store::breaker::Breaker, time::jittered};

/// After so long without an answer, the connection is not to be trusted any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two probes at least, if the first one fails: a server may accept connections only to close them.
const BREATH: Duration = Duration::from_millis(50);

/// What is probed.
pub(super) trait ProbeTarget {
    /// Whether nobody needs it any more.
    fn is_gone(&self) -> bool;

    fn breaker(&self) -> &Breaker;

    /// How long an operation may take.
    fn deadline(&self) -> Duration;

    /// How long it is left alone after a probe that failed.
    fn pause(&self) -> Duration;

    /// Asks for something.
    fn probe(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Which connection it has.
    fn connection_id(&self) -> Option<u64>;

    /// Waits until it has another connection than `old`.
    fn connection_other_than(&self, old: Option<u64>) -> impl Future<Output = ()> + Send;

    /// Gives up the connections that there are.
    fn renew_all(&self);

    /// Brings back the connections that have not come back by themselves.
    fn reconnect_all(&self) -> impl Future<Output = ()> + Send;
}

/// The task. If its runtime shuts down under it, another one can be started.
pub(super) struct Prober<T: ProbeTarget> {
    target: T,
    /// It has said itself that it probes no longer.
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

/// Probes until the breaker is closed, and says so. False where nobody needs it any more.
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
                // Before anyone is let through, so that none meets a connection that is still in pieces.
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

/// The pause after a probe that failed. It ends early where there is hope.
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
    // Before it closes, so that whoever opens it again starts another task.
    breaker.probed.store(false, Ordering::Release);
    if let Some(open_for) = breaker.close() {
        tracing::info!(?open_for, "the cache's store answers again");
    }
}

#[cfg(test)]
mod tests;
