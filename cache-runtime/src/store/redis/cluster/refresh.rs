//! How the table of a cluster is kept up to date: asked for in the background, where something has shown that it is
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
    table,
};
use crate::time::jittered;

/// How long one node may take to answer, connecting included.
const ANSWER: Duration = Duration::from_millis(500);

/// The least time between two rounds. After one that failed it is doubled, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Bounds the time between a promotion and our noticing.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// The rounds in which nodes are asked, one after the other, until one answers.
#[derive(Default)]
pub(super) struct Rounds {
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
        let known = || self.shared.table(|table| table.owner(slot).cloned());
        if let Some(node) = known() {
            return Ok(node);
        }
        self.refresh(None);
        let mut rounds = self.shared.rounds.subscribe();
        let failure = match rounds.wait_for(|rounds| !rounds.asking).await {
            Ok(rounds) => rounds.failure.clone(),
            Err(_) => None,
        };
        known().ok_or_else(|| {
            failure.unwrap_or_else(|| io("no node of the cluster serves the slot of the key"))
        })
    }

    /// Has the nodes asked who serves what, in the background; `first` the one that may know best.
    pub(super) fn refresh(&self, first: Option<&Arc<Node>>) {
        self.look_anew(|rounds| {
            if let Some(first) = first {
                rounds.first = Some(Arc::clone(first));
            }
        });
    }

    /// Has them asked, and waits until a round has ended that has begun only now.
    pub(super) async fn refreshed(&self) {
        self.look_around(&[]).await;
    }

    /// Has the others asked who serves these slots, and waits until they have answered. Who serves them as far as is
    /// known is not asked unless nobody else answers.
    pub(in crate::store::redis) async fn look_around(&self, slots: &[u16]) {
        let doubted = slots.iter().map(|&slot| self.number(slot)).filter(|&number| number != 0);
        let doubted: BTreeSet<usize> = doubted.collect();
        let mut before = 0;
        self.look_anew(|rounds| {
            rounds.doubted.extend(doubted);
            // One that is under way may have asked already.
            before = rounds.ended + u64::from(rounds.asking);
        });
        self.shared.hurry.notify_one();
        // Nobody to say so: the runtime shuts down.
        _ = self.shared.rounds.subscribe().wait_for(|rounds| rounds.ended > before).await;
    }

    /// Notes that a node is asked something.
    pub(super) fn asked(&self, node: &Arc<Node>) -> Asked<'_> {
        Asked { cluster: self, node: Some(Arc::clone(node)) }
    }

    fn look_anew(&self, note: impl FnOnce(&mut Rounds)) {
        let Ok(runtime) = Handle::try_current() else { return };
        let begun = self.shared.rounds.send_if_modified(|rounds| {
            note(rounds);
            rounds.again = true;
            let idle = !rounds.running;
            if idle {
                (rounds.running, rounds.asking) = (true, true);
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
            self.cluster.look_anew(|rounds| _ = rounds.doubted.insert(node.number));
        }
    }
}

/// Asks until all is well, or the cluster is dropped.
async fn ask(mut task: Task) {
    let mut pause = FIRST_PAUSE;
    while let Some(shared) = task.cluster.upgrade() {
        let mut candidates = Vec::new();
        shared.rounds.send_modify(|rounds| {
            (rounds.asking, rounds.again) = (true, false);
            candidates = shared.candidates(rounds.first.take(), &mem::take(&mut rounds.doubted));
        });
        let failure = shared.round(candidates).await.err();
        let well = failure.is_none() && shared.table(|table| table.is_well());
        if let Some(error) = &failure {
            tracing::debug!(seeds = ?shared.seeds, %error, "no node of the cache's cluster can be asked");
        }
        shared.rounds.send_modify(|rounds| {
            (rounds.asking, rounds.ended, rounds.failure) = (false, rounds.ended + 1, failure);
        });
        let hurry = Arc::clone(&shared.hurry);
        drop(shared);
        _ = time::timeout(jittered(pause), hurry.notified()).await;
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
        self.over = shared.rounds.send_if_modified(|rounds| {
            rounds.running = rounds.again;
            !rounds.running
        });
        self.over
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if !self.over
            && let Some(shared) = self.cluster.upgrade()
        {
            shared.rounds.send_modify(|rounds| (rounds.running, rounds.asking) = (false, false));
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
            self.table(|table| self.find(table, Place::new(host, port), host, table.nodes().len()))
        });
        for node in known.iter().cloned().chain(seeds) {
            match time::timeout(ANSWER, node.slots()).await {
                Ok(Ok(slots)) => match table::read(&slots) {
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
        let (mut known, serving) = self.table(|table| (table.nodes().to_vec(), table.serving()));
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
    fn adopt(&self, ranges: &[table::Range<'_>], asked: &Node) {
        let masters = table::masters(ranges);
        self.change(|table| {
            table.replace(ranges, |known, place| self.find(known, place, &asked.host, masters));
            table.nodes().iter().for_each(|node| node.start());
        });
    }

    /// The node at a place, as a node on `host` names it: one that is known, or a new one.
    pub(super) fn find(
        &self,
        known: &table::Table,
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
