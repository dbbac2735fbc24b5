//! Steps that nobody waits for: what is given up ends by its own expiry, if they are lost.

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
                // What is given up is not kept from others because the store has failed this process.
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

/// Runs what nobody waits for.
#[cfg(feature = "redis")]
fn in_background(step: impl Future<Output = Result<(), Error>> + Send + 'static) {
    // Outside of a runtime (one that is shutting down, say) nothing can be sent: what was to be given up ends
    // by its own expiry.
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        if let Err(error) = step.await {
            tracing::debug!(%error, "a background step on the cache's store failed");
        }
    });
}
