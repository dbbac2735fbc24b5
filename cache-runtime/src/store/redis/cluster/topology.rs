//! How the slot map of a cluster is kept up to date: asked for in the background, where something has shown that it is
//! not, until it is again and every node of it can be reached.

use std::{
    collections::BTreeSet,
    mem,
    sync::{Arc, Weak, atomic::Ordering},
    time::Duration,
};

use redis::{ErrorKind, RedisError};
use tokio::{runtime::Handle, time};

use super::{
    Cluster, Shared,
    node::Node,
    redirect::{Place, is_out_of_date},
    slot_map,
};
use crate::time::jittered;

/// How long one node may take to answer, connecting included.
const ANSWER: Duration = Duration::from_millis(500);

/// The least time between two refreshes. After one that failed it is doubled, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Bounds the time between a promotion and our noticing.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The refreshes in which nodes are asked, one after the other, until one answers.
#[derive(Default)]
pub(super) struct RefreshState {
    /// There is a task for them.
    running: bool,
    /// One is under way.
    asking: bool,
    /// What is known may have changed since the last one began.
    again: bool,
    /// How many there have been.
    ended: u64,
    /// Why the last one failed, if it did.
    failure: Option<RedisError>,
    /// A node that knows more than others.
    first: Option<Arc<Node>>,
    /// The numbers of those that may be gone, or may not know that another one has their place.
    doubted: BTreeSet<usize>,
}

impl Cluster {
    /// The node that serves a slot. Where nothing is known yet, it waits until a round that is under way has ended;
    /// callers bound the wait.
    pub(super) async fn owner(&self, slot: u16) -> Result<Arc<Node>, RedisError> {
        let known = || self.shared.slot_map(|map| map.owner(slot).cloned());
        if let Some(node) = known() {
            return Ok(node);
        }
        self.refresh(None);
        let mut refreshes = self.shared.refreshes.subscribe();
        let failure = match refreshes.wait_for(|refreshes| !refreshes.asking).await {
            Ok(refreshes) => refreshes.failure.clone(),
            Err(_) => None,
        };
        known().ok_or_else(|| {
            failure.unwrap_or_else(|| io("no node of the cluster serves the slot of the key"))
        })
    }

    /// Has the nodes asked who serves what, in the background; `first` the one that may know best.
    pub(super) fn refresh(&self, first: Option<&Arc<Node>>) {
        self.look_anew(|refreshes| {
            if let Some(first) = first {
                refreshes.first = Some(Arc::clone(first));
            }
        });
    }

    /// Has them asked, and waits until a round has ended that has begun only now.
    pub(super) async fn refreshed(&self) {
        self.verify_masters(&[]).await;
    }

    /// Has the others asked who serves these slots, and waits until they have answered. Who serves them as far as is
    /// known is not asked unless nobody else answers.
    pub(in crate::store::redis) async fn verify_masters(&self, slots: &[u16]) {
        let doubted = slots.iter().map(|&slot| self.number(slot)).filter(|&number| number != 0);
        let doubted: BTreeSet<usize> = doubted.collect();
        let mut before = 0;
        self.look_anew(|refreshes| {
            refreshes.doubted.extend(doubted);
            // One that is under way may have asked already.
            before = refreshes.ended + u64::from(refreshes.asking);
        });
        self.shared.wake.notify_one();
        // Nobody to say so: the runtime shuts down.
        _ = self.shared.refreshes.subscribe().wait_for(|refreshes| refreshes.ended > before).await;
    }

    /// Notes that a node is asked something.
    pub(super) fn asked(&self, node: &Arc<Node>) -> Asked<'_> {
        Asked { cluster: self, node: Some(Arc::clone(node)) }
    }

    fn look_anew(&self, note: impl FnOnce(&mut RefreshState)) {
        let Ok(runtime) = Handle::try_current() else { return };
        let begun = self.shared.refreshes.send_if_modified(|refreshes| {
            note(refreshes);
            refreshes.again = true;
            let idle = !refreshes.running;
            if idle {
                (refreshes.running, refreshes.asking) = (true, true);
            }
            idle
        });
        if begun {
            runtime.spawn(ask(Task { cluster: Arc::downgrade(&self.shared), over: false }));
        }
    }
}

/// A node that has been asked something. One that is given up before it has answered may be gone, as one may that
/// cannot be reached: then the others know who has taken its place.
pub(super) struct Asked<'a> {
    cluster: &'a Cluster,
    node: Option<Arc<Node>>,
}

impl Asked<'_> {
    /// It has answered, or cannot be reached.
    pub(super) fn answered(mut self, error: Option<&RedisError>) {
        if !error.is_some_and(is_out_of_date) {
            self.node = None;
        }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(node) = self.node.take() {
            self.cluster.look_anew(|refreshes| _ = refreshes.doubted.insert(node.number));
        }
    }
}

/// Asks until all is well, or the cluster is dropped.
async fn ask(mut task: Task) {
    let mut pause = FIRST_PAUSE;
    while let Some(shared) = task.cluster.upgrade() {
        let mut candidates = Vec::new();
        shared.refreshes.send_modify(|refreshes| {
            (refreshes.asking, refreshes.again) = (true, false);
            candidates =
                shared.candidates(refreshes.first.take(), &mem::take(&mut refreshes.doubted));
        });
        let failure = shared.round(candidates).await.err();
        let well = failure.is_none() && shared.slot_map(|map| map.is_well());
        if let Some(error) = &failure {
            tracing::debug!(seeds = ?shared.seeds, %error, "no node of the cache's cluster can be asked");
        }
        shared.refreshes.send_modify(|refreshes| {
            (refreshes.asking, refreshes.ended, refreshes.failure) =
                (false, refreshes.ended + 1, failure);
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
        self.over = shared.refreshes.send_if_modified(|refreshes| {
            refreshes.running = refreshes.again;
            !refreshes.running
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
                .refreshes
                .send_modify(|refreshes| (refreshes.running, refreshes.asking) = (false, false));
        }
    }
}

impl Shared {
    /// Asks one node after the other, and in the end those that the URL names, until one has answered.
    async fn round(&self, known: Vec<Arc<Node>>) -> Result<(), RedisError> {
        let mut failure = None;
        let at = |host: &str, port: u16| known.iter().any(|n| n.port == port && &*n.host == host);
        let seeds = self.seeds.places().filter(|(host, port)| !at(host, *port));
        let seeds = seeds.map(|(host, port)| {
            self.slot_map(|map| self.find(map, Place::new(host, port), host, map.nodes().len()))
        });
        for node in known.iter().cloned().chain(seeds) {
            match time::timeout(ANSWER, node.slots()).await {
                Ok(Ok(slots)) => match slot_map::read(&slots) {
                    // A node that knows of none is no part of the cluster yet.
                    Some(ranges) if !ranges.is_empty() => {
                        self.adopt(&ranges, &node);
                        return Ok(());
                    }
                    _ => {
                        failure =
                            Some(io("a node of the cluster does not say who serves its slots"))
                    }
                },
                Ok(Err(error)) => failure = Some(error),
                Err(_) => failure = Some(io("a node of the cluster did not answer in time")),
            }
        }
        Err(failure.unwrap_or_else(|| io("there is no node of the cluster to ask")))
    }

    /// Which of the known nodes to ask, in this order: who may know best, those who serve, who may be gone, and those
    /// who serve nothing, for they may not belong to the cluster any more.
    fn candidates(&self, first: Option<Arc<Node>>, doubted: &BTreeSet<usize>) -> Vec<Arc<Node>> {
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

    /// Takes what `asked` has said for true.
    fn adopt(&self, ranges: &[slot_map::Range<'_>], asked: &Node) {
        let masters = slot_map::masters(ranges);
        self.change(|map| {
            map.replace(ranges, |known, place| self.find(known, place, &asked.host, masters));
            map.nodes().iter().for_each(|node| node.start());
        });
    }

    /// The node at a place, as a node on `host` names it: one that is known, or a new one.
    pub(super) fn find(
        &self,
        known: &slot_map::SlotMap,
        place: Place<'_>,
        host: &str,
        masters: usize,
    ) -> Arc<Node> {
        let (host, port) = (place.host.unwrap_or(host), place.port);
        known.at(host, port).cloned().unwrap_or_else(|| {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            let connections = self.connections.div_ceil(masters.max(1));
            let address = self.seeds.at(host, port);
            Arc::new(Node::new((host, port), number, address, connections, &self.greeting))
        })
    }
}

fn io(what: &'static str) -> RedisError {
    (ErrorKind::Io, what).into()
}
