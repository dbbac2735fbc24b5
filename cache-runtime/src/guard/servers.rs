//! The circuit breakers: one for each server of the store, for what fails on one says nothing of the others.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak},
    time::Duration,
};

use tokio::sync::Notify;

use super::{Guard, Settings, breaker::Breaker, probe::ProbeTarget};
use crate::{error::Error, store::Store};

pub(super) struct Circuits {
    /// That of a store of one server; and of what belongs to no server that is known.
    first: Arc<Circuit>,
    /// Those of the masters of a cluster, by their numbers.
    others: RwLock<HashMap<usize, Arc<Circuit>>>,
}

/// The breaker of one server, and how it is found well again.
pub(super) struct Circuit {
    pub(super) breaker: Breaker,
    me: Weak<Circuit>,
    guard: Weak<Guard>,
    case: Mutex<OpenReason>,
    deadline: Duration,
    pause: Duration,
}

/// What is known of a server whose breaker is open.
struct OpenReason {
    /// The key that is read to see how the server is.
    probe: Arc<str>,
    /// What its breaker was opened for.
    why: Arc<str>,
}

/// The circuit of a server. The usual one is not counted: a look at it must cost nothing.
pub(super) enum CircuitRef<'a> {
    First(&'a Circuit),
    Other(Arc<Circuit>),
}

impl Circuits {
    pub(super) fn new(guard: &Weak<Guard>, settings: &Settings) -> Circuits {
        let first = Circuit::new(guard, settings, &Arc::default(), &settings.probe);
        Circuits { first, others: RwLock::default() }
    }

    /// The circuit of the server that has `key`.
    pub(super) fn of(
        &self,
        store: &Store,
        key: Option<&str>,
        new: impl FnOnce(&Arc<Notify>, &str) -> Arc<Circuit>,
    ) -> CircuitRef<'_> {
        let number = key.map_or(0, |key| store.shard(key));
        let (Some(key), true) = (key, number != 0) else { return CircuitRef::First(&self.first) };
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(circuit) = others.get(&number) {
            return CircuitRef::Other(Arc::clone(circuit));
        }
        drop(others);
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        let circuit = others.entry(number).or_insert_with(|| new(self.closing(), key));
        CircuitRef::Other(Arc::clone(circuit))
    }

    /// Whether no server can be asked for anything.
    pub(super) fn are_open(&self) -> bool {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        match others.is_empty() {
            true => !self.first.breaker.snapshot().is_closed(),
            false => others.values().all(|circuit| !circuit.breaker.snapshot().is_closed()),
        }
    }

    /// Tells whoever waits for it whenever one of them closes.
    pub(super) fn closing(&self) -> &Arc<Notify> {
        self.first.breaker.closing()
    }
}

impl Circuit {
    pub(super) fn new(
        guard: &Weak<Guard>,
        settings: &Settings,
        closing: &Arc<Notify>,
        probe: &str,
    ) -> Arc<Circuit> {
        Arc::new_cyclic(|me| Circuit {
            breaker: Breaker::new(settings.failures, &settings.counters, closing),
            me: Weak::clone(me),
            guard: Weak::clone(guard),
            case: Mutex::new(OpenReason { probe: probe.into(), why: "".into() }),
            deadline: settings.deadline,
            pause: settings.open_for,
        })
    }

    pub(super) fn me(&self) -> &Weak<Circuit> {
        &self.me
    }

    /// Its breaker has opened. From now on `probe` is read, if that is a key of the server's, to see how the server is.
    pub(super) fn opened_for(&self, why: &str, probe: Option<&str>) {
        let mut case = self.case();
        case.why = why.into();
        if let Some(probe) = probe {
            case.probe = probe.into();
        }
    }

    /// What its breaker was opened for.
    pub(super) fn why(&self) -> Arc<str> {
        Arc::clone(&self.case().why)
    }

    fn key(&self) -> Arc<str> {
        Arc::clone(&self.case().probe)
    }

    /// Each change is whole before anything can panic.
    fn case(&self) -> MutexGuard<'_, OpenReason> {
        self.case.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for CircuitRef<'_> {
    type Target = Circuit;

    fn deref(&self) -> &Circuit {
        match self {
            CircuitRef::First(circuit) => circuit,
            CircuitRef::Other(circuit) => circuit,
        }
    }
}

impl ProbeTarget for Circuit {
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
        match self.guard.upgrade() {
            Some(guard) => guard.store.probe(&self.key()).await,
            None => Err(Error::Unavailable("the cache is gone".into())),
        }
    }

    fn connection(&self) -> Option<u64> {
        self.guard.upgrade()?.store.connection_of(&self.key())
    }

    async fn comes_up(&self, old: Option<u64>) {
        if let Some(guard) = self.guard.upgrade() {
            guard.store.comes_up(&self.key(), old).await;
        }
    }

    fn renew(&self) {
        if let Some(guard) = self.guard.upgrade() {
            guard.store.renew(&self.key());
        }
    }

    async fn reconnect_all(&self) {
        if let Some(guard) = self.guard.upgrade() {
            guard.store.reconnect_all(&self.key()).await;
        }
    }
}
