//! What is known of a cluster: its masters, and which of them serves which slot.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use redis::RedisError;
use tokio::sync::{Notify, watch};

use super::{redirect::NodeAddress, seeds::Seeds, slot_map::SlotMap};
use crate::store::{
    breaker::{Breaker, Breakers},
    redis::{endpoint::Endpoint, incarnation::Greeting, local::Copies, server::Server},
};

/// Clones are the same cluster.
#[derive(Clone)]
pub(in crate::store::redis) struct Cluster {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) seeds: Seeds,
    /// About how many connections there are in all.
    connections: usize,
    greeting: Arc<Greeting>,
    breakers: Breakers,
    /// What this process holds of all nodes.
    copies: Arc<Copies>,
    /// The breaker of keys whose master is not known.
    unknown: Arc<Breaker>,
    slot_map: RwLock<SlotMap>,
    /// The number of the next server.
    numbers: AtomicUsize,
    pub(super) refresh: watch::Sender<RefreshState>,
    /// Ends the pause between two refreshes.
    pub(super) wake: Arc<Notify>,
}

/// The state of the task that asks nodes for the slot map, one after the other, until one answers.
#[derive(Default)]
pub(super) struct RefreshState {
    /// The task runs.
    pub(super) running: bool,
    /// It is asking.
    pub(super) asking: bool,
    /// What is known may have changed since it last began to ask.
    pub(super) again: bool,
    /// How often it has asked.
    pub(super) ended: u64,
    /// Why it failed the last time, if it did.
    pub(super) failure: Option<RedisError>,
    /// A node to be asked first, since it knows more than others.
    pub(super) first: Option<Arc<Server>>,
    /// The numbers of nodes that may be gone, or may not know that another node has their place.
    pub(super) doubted: BTreeSet<usize>,
}

impl Cluster {
    /// A cluster of which `seeds` are some nodes, reached by about so many connections in all.
    pub(in crate::store::redis) fn new(
        seeds: Seeds,
        connections: usize,
        greeting: Arc<Greeting>,
        breakers: &Breakers,
        copies: &Arc<Copies>,
    ) -> Cluster {
        let (refresh, _) = watch::channel(RefreshState::default());
        let shared = Shared {
            seeds,
            connections,
            greeting,
            breakers: breakers.clone(),
            copies: Arc::clone(copies),
            unknown: Arc::new(Breaker::new(breakers)),
            slot_map: RwLock::default(),
            // 0 stands for one that is not known.
            numbers: AtomicUsize::new(1),
            refresh,
            wake: Arc::default(),
        };
        Cluster { shared: Arc::new(shared) }
    }

    /// The number of the server of a slot, and that of the slot's connection there. Slots that share both share a lane.
    pub(in crate::store::redis) fn connection_of(&self, slot: u16) -> (usize, usize) {
        self.shared.slot_map(|map| {
            map.owner(slot)
                .map_or((0, 0), |server| (server.number, server.link_index(usize::from(slot))))
        })
    }

    /// The breaker of the keys whose master is not known.
    pub(in crate::store::redis) fn unknown(&self) -> &Arc<Breaker> {
        &self.shared.unknown
    }

    /// Whether no server can be asked for anything.
    pub(in crate::store::redis) fn all_open(&self) -> bool {
        let open = |breaker: &Breaker| !breaker.snapshot().is_closed();
        self.shared.slot_map(|map| match map.nodes() {
            [] => open(&self.shared.unknown),
            nodes => nodes.iter().all(|server| open(&server.breaker)),
        })
    }
}

impl Shared {
    /// Looks at the slot map. Each change of it is whole before anything can panic.
    pub(super) fn slot_map<T>(&self, look: impl FnOnce(&SlotMap) -> T) -> T {
        look(&self.slot_map.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut SlotMap) -> T) -> T {
        let changed = change(&mut self.slot_map.write().unwrap_or_else(PoisonError::into_inner));
        // A slot may have another owner, where others write from now on.
        self.copies.flush();
        changed
    }

    /// The server at a place, as a node on `host` names it: one that is known, or a new one.
    pub(super) fn find(
        &self,
        known: &SlotMap,
        place: NodeAddress<'_>,
        host: &str,
        masters: usize,
    ) -> Arc<Server> {
        let (host, port) = (place.host.unwrap_or(host), place.port);
        known.at(host, port).cloned().unwrap_or_else(|| {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let connections = self.connections.div_ceil(masters.max(1));
            let endpoint = Endpoint::from(self.seeds.at(host, port));
            let server = Server::new(number, endpoint, connections, &self.greeting, &self.breakers);
            Arc::new(server)
        })
    }
}
