//! Keeps the slot map of a cluster up to date. A task asks the nodes for it when something shows that it is out of date, until
//! every slot has an owner that can be reached.

use std::{
    collections::BTreeSet,
    mem,
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::future::join_all;
use redis::{ErrorKind, RedisError, RedisResult, Value, cmd};
use tokio::{runtime::Handle, time};

use super::{
    nodes::{Cluster, RefreshState, Shared},
    redirect::{NodeAddress, is_out_of_date},
    slot_map,
};
use crate::{
    store::redis::{incarnation::Outgoing, server::Server},
    time::{in_real_time, jittered},
};

/// How long one node may take to answer, connecting included.
const ANSWER: Duration = Duration::from_millis(500);

/// The least time between two refreshes. After one that failed it is doubled, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest time between two refreshes. It bounds how late a promotion is noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl Cluster {
    /// Learns which nodes there are, and waits until each of them has been reached, or has not.
    pub(in crate::store::redis) async fn connect(&self) -> RedisResult<()> {
        self.owner(0).await?;
        let nodes = self.shared.slot_map(|map| map.nodes().to_vec());
        let connected = join_all(nodes.iter().map(|node| node.connect())).await;
        connected.into_iter().collect()
    }

    /// The server of a slot, if it is known. If not, the nodes are asked in the background.
    pub(in crate::store::redis) fn server(&self, slot: u16) -> Option<Arc<Server>> {
        let server = self.shared.slot_map(|map| map.owner(slot).cloned());
        if server.is_none() {
            self.refresh(None);
        }
        server
    }

    /// The server of a slot. Where nothing is known yet, it waits until the nodes have been asked; callers bound the
    /// wait.
    pub(super) async fn owner(&self, slot: u16) -> RedisResult<Arc<Server>> {
        if let Some(server) = self.server(slot) {
            return Ok(server);
        }
        let mut refresh = self.shared.refresh.subscribe();
        let failure = match refresh.wait_for(|refresh| !refresh.asking).await {
            Ok(refresh) => refresh.failure.clone(),
            Err(_) => None,
        };
        self.shared.slot_map(|map| map.owner(slot).cloned()).ok_or_else(|| {
            failure.unwrap_or_else(|| io("no node of the cluster serves the slot of the key"))
        })
    }

    /// Asks the nodes for the slot map, in the background; `first` before others, since it may know best.
    pub(super) fn refresh(&self, first: Option<&Arc<Server>>) {
        self.ask_again(|refresh| {
            if let Some(first) = first {
                refresh.first = Some(Arc::clone(first));
            }
        });
    }

    /// Asks the nodes, and waits until a refresh has ended that has begun after this call.
    pub(super) async fn refreshed(&self) {
        self.verify_masters(&[]).await;
    }

    /// Asks the other nodes who serves these slots, and waits for the answer. The known owners are asked only if no other
    /// node answers.
    pub(in crate::store::redis) async fn verify_masters(&self, slots: &[u16]) {
        let doubted =
            slots.iter().map(|&slot| self.connection_of(slot).0).filter(|&number| number != 0);
        let doubted: BTreeSet<usize> = doubted.collect();
        let mut before = 0;
        self.ask_again(|refresh| {
            refresh.doubted.extend(doubted);
            // One that is under way may have asked already.
            before = refresh.ended + u64::from(refresh.asking);
        });
        self.shared.wake.notify_one();
        // Nobody changes it while the runtime shuts down.
        _ = self.shared.refresh.subscribe().wait_for(|refresh| refresh.ended > before).await;
    }

    /// A command is sent to a node.
    pub(super) fn in_flight(&self, node: &Arc<Server>) -> InFlight<'_> {
        InFlight { cluster: self, node: Some(Arc::clone(node)) }
    }

    fn ask_again(&self, note: impl FnOnce(&mut RefreshState)) {
        let Ok(runtime) = Handle::try_current() else { return };
        let begun = self.shared.refresh.send_if_modified(|refresh| {
            note(refresh);
            refresh.again = true;
            let idle = !refresh.running;
            if idle {
                (refresh.running, refresh.asking) = (true, true);
            }
            idle
        });
        if begun {
            runtime.spawn(ask(Task { cluster: Arc::downgrade(&self.shared), over: false }));
        }
    }
}

/// A command that a node has not answered. If it is given up, or the node cannot be reached, the node may be gone, and
/// the others know who has taken its place.
pub(super) struct InFlight<'a> {
    cluster: &'a Cluster,
    node: Option<Arc<Server>>,
}

impl InFlight<'_> {
    /// The node has answered, or cannot be reached.
    pub(super) fn answered(mut self, error: Option<&RedisError>) {
        if !error.is_some_and(is_out_of_date) {
            self.node = None;
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            self.cluster.ask_again(|refresh| _ = refresh.doubted.insert(node.number));
        }
    }
}

/// Asks until the slot map is right, or the cluster is dropped.
async fn ask(mut task: Task) {
    let mut pause = FIRST_PAUSE;
    while let Some(shared) = task.cluster.upgrade() {
        let mut candidates = Vec::new();
        shared.refresh.send_modify(|refresh| {
            (refresh.asking, refresh.again) = (true, false);
            candidates = shared.candidates(refresh.first.take(), &mem::take(&mut refresh.doubted));
        });
        let failure = shared.round(candidates).await.err();
        let well = failure.is_none() && shared.slot_map(|map| map.is_well());
        if let Some(error) = &failure {
            tracing::debug!(seeds = ?shared.seeds, %error, "no node of the cache's cluster can be asked");
        }
        shared.refresh.send_modify(|refresh| {
            (refresh.asking, refresh.ended, refresh.failure) = (false, refresh.ended + 1, failure);
        });
        let wake = Arc::clone(&shared.wake);
        drop(shared);
        _ = time::timeout(jittered(pause), wake.notified()).await;
        pause = if well { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        if well && task.ends() {
            return;
        }
    }
}

/// The task that asks. If its runtime shuts down under it, another one can be started.
struct Task {
    cluster: Weak<Shared>,
    over: bool,
}

impl Task {
    /// Ends the task, unless there is a reason to ask once more.
    fn ends(&mut self) -> bool {
        let Some(shared) = self.cluster.upgrade() else { return true };
        self.over = shared.refresh.send_if_modified(|refresh| {
            refresh.running = refresh.again;
            !refresh.running
        });
        self.over
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.over
            && let Some(shared) = self.cluster.upgrade()
        {
            shared
                .refresh
                .send_modify(|refresh| (refresh.running, refresh.asking) = (false, false));
        }
    }
}

impl Shared {
    /// Asks one node after the other, and in the end those that the URL names, until one has answered.
    async fn round(&self, known: Vec<Arc<Server>>) -> RedisResult<()> {
        let mut failure = None;
        let at =
            |host: &str, port| known.iter().any(|node| node.endpoint().place() == (host, port));
        let seeds = self.seeds.places().filter(|(host, port)| !at(host, *port));
        let seeds = seeds.map(|(host, port)| {
            self.slot_map(|map| {
                self.find(map, NodeAddress::new(host, port), host, map.nodes().len())
            })
        });
        for node in known.iter().cloned().chain(seeds) {
            match in_real_time(ANSWER, pin!(cluster_slots(&node))).await {
                Some(Ok(slots)) => match slot_map::read(&slots) {
                    // A node that knows no slots is no part of the cluster yet.
                    Some(ranges) if !ranges.is_empty() => {
                        self.adopt(&ranges, &node);
                        return Ok(());
                    }
                    _ => {
                        failure =
                            Some(io("a node of the cluster does not say who serves its slots"))
                    }
                },
                Some(Err(error)) => failure = Some(error),
                None => failure = Some(io("a node of the cluster did not answer in time")),
            }
        }
        Err(failure.unwrap_or_else(|| io("there is no node of the cluster to ask")))
    }

    /// The known nodes in the order in which they are asked: the one that may know best, those that serve slots, those that
    /// may be gone, and those that serve none, which may have left the cluster.
    fn candidates(
        &self,
        first: Option<Arc<Server>>,
        doubted: &BTreeSet<usize>,
    ) -> Vec<Arc<Server>> {
        let (mut known, serving) = self.slot_map(|map| (map.nodes().to_vec(), map.serving()));
        fastrand::shuffle(&mut known);
        known.sort_by_key(|node| {
            let serves = serving.iter().any(|serving| Arc::ptr_eq(serving, node));
            (!serves, doubted.contains(&node.number) || !node.is_up())
        });
        if let Some(first) = first {
            known.retain(|node| !Arc::ptr_eq(node, &first));
            known.insert(0, first);
        }
        known
    }

    /// Adopts the slot map of the node `asked`.
    fn adopt(&self, ranges: &[slot_map::Range<'_>], asked: &Server) {
        let (masters, (host, _)) = (slot_map::masters(ranges), asked.endpoint().place());
        self.change(|map| {
            map.replace(ranges, |known, place| self.find(known, place, host, masters));
            map.nodes().iter().for_each(|node| node.start());
        });
    }
}

/// Asks a node which slots are served by whom.
async fn cluster_slots(node: &Server) -> RedisResult<Value> {
    let mut slots = cmd("CLUSTER");
    slots.arg("SLOTS");
    Ok(node.link(0).send(&Outgoing::Same(&slots), true).await?.value)
}

fn io(what: &'static str) -> RedisError {
    (ErrorKind::Io, what).into()
}
