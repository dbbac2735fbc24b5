//! Steps that nobody waits for. They give leases up; where one is lost, the lease ends by its own expiry.

#[cfg(feature = "redis")]
use std::future::Future;
use std::sync::Arc;

#[cfg(feature = "redis")]
use tokio::runtime::Handle;

use super::operation::Guard;
#[cfg(feature = "redis")]
use crate::error::Error;
use crate::{entry::Entry, protocol::Step, store::Store, store_op::StoreOp};

impl Guard {
    /// Takes one step that nobody waits for.
    pub(crate) fn run_detached(self: &Arc<Self>, key: &Arc<str>, step: Step<Entry>) {
        match self.store() {
            Store::Memory(store) => {
                StoreOp::step(&step).count(self.settings.counters());
                drop(store.run(key, step));
            }
            #[cfg(feature = "redis")]
            Store::Redis(_) => {
                let (guard, key) = (Arc::clone(self), Arc::clone(key));
                // The breaker does not hold it back: others wait for the lease.
                in_background(async move {
                    let sent = guard.pending.now();
                    guard.write(&key, step, sent).await.map(drop)
                });
            }
        }
    }

    /// Takes several steps at once that nobody waits for.
    pub(crate) fn run_many_detached(self: &Arc<Self>, steps: Vec<(Arc<str>, Step<Entry>)>) {
        match self.store() {
            Store::Memory(store) => {
                for (key, step) in steps {
                    StoreOp::step(&step).count(self.settings.counters());
                    drop(store.run(&key, step));
                }
            }
            #[cfg(feature = "redis")]
            Store::Redis(_) => {
                let guard = Arc::clone(self);
                in_background(async move {
                    let steps: Vec<_> = steps.iter().map(|(k, s)| (&**k, s.clone())).collect();
                    guard.run_many(&steps).await.map(drop)
                });
            }
        }
    }
}

/// Runs a step that nobody waits for.
#[cfg(feature = "redis")]
fn in_background(step: impl Future<Output = Result<(), Error>> + Send + 'static) {
    // Outside of a runtime, as while one shuts down, nothing can be sent: the lease ends by its own expiry.
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        if let Err(error) = step.await {
            tracing::debug!(%error, "a background step on the cache's store failed");
        }
    });
}
