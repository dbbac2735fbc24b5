//! The recovery of a server whose breaker has opened: which key is probed, and how the connections are brought back.

use std::{
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use tokio::runtime::Handle;

use super::{
    probe::{ProbeTarget, Prober},
    settings::Settings,
};
use crate::{
    error::Error,
    store::{Store, breaker::Breaker},
};

/// Starts to probe the server of a breaker, unless a task does.
pub(super) fn start(store: &Arc<Store>, breaker: &Arc<Breaker>, settings: &Settings) {
    let Ok(runtime) = Handle::try_current() else { return };
    if !breaker.probed.load(Ordering::Acquire) && !breaker.probed.swap(true, Ordering::AcqRel) {
        let recovery = Recovery {
            store: Arc::downgrade(store),
            breaker: Arc::clone(breaker),
            any_key: Arc::clone(&settings.probe),
            deadline: settings.deadline,
            pause: settings.open_for,
        };
        runtime.spawn(Prober::of(recovery).run());
    }
}

struct Recovery {
    store: Weak<Store>,
    breaker: Arc<Breaker>,
    /// The key that is read where any key will do.
    any_key: Arc<str>,
    deadline: Duration,
    pause: Duration,
}

impl Recovery {
    /// The key that probes read. They go to the server that has it now.
    fn key(&self) -> Arc<str> {
        self.breaker.reason().key.unwrap_or_else(|| Arc::clone(&self.any_key))
    }
}

impl ProbeTarget for Recovery {
    fn is_gone(&self) -> bool {
        self.store.strong_count() == 0
    }

    fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }

    fn pause(&self) -> Duration {
        self.pause
    }

    async fn probe(&self) -> Result<(), Error> {
        match self.store.upgrade() {
            Some(store) => store.probe(&self.key()).await,
            None => Err(Error::Unavailable("the cache is gone".into())),
        }
    }

    fn connection_id(&self) -> Option<u64> {
        self.store.upgrade()?.lane(&self.key()).connection_id()
    }

    async fn connection_other_than(&self, old: Option<u64>) {
        if let Some(store) = self.store.upgrade() {
            store.lane(&self.key()).connection_other_than(old).await;
        }
    }

    fn renew_all(&self) {
        if let Some(store) = self.store.upgrade() {
            store.lane(&self.key()).renew_all();
        }
    }

    async fn reconnect_all(&self) {
        if let Some(store) = self.store.upgrade() {
            store.lane(&self.key()).reconnect_all().await;
        }
    }
}
