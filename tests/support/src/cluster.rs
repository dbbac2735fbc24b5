//! A real Redis Cluster of three masters, started by a test and stopped when dropped.

pub(crate) mod node;

use std::collections::BTreeMap;

pub use self::node::Node;
use self::node::{expect_ok, until};

const SLOTS: u16 = 16_384;
const MASTERS: u16 = 3;

/// A running cluster. Dropping it kills its nodes and removes their folders.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Node>,
}

impl RedisCluster {
    /// Starts three masters, each of which serves a third of the slots. Where one dies, the others go on serving
    /// theirs.
    ///
    /// # Panics
    ///
    /// Where `redis-server` is not installed, or does not start, or the nodes do not find each other.
    pub fn start() -> RedisCluster {
        RedisCluster::start_with(&[], |_| Vec::new())
    }

    /// As [`start`](RedisCluster::start), with settings of the caller's: those of all nodes, and those of each one. With
    /// `--tls-cluster`, each node has a port that speaks TLS beside the one by which a test gives it orders.
    ///
    /// # Panics
    ///
    /// As [`start`](RedisCluster::start).
    pub fn start_with(all: &[&str], of_each: impl Fn(u16) -> Vec<String>) -> RedisCluster {
        let node = |which| {
            let own = of_each(which);
            Node::start(
                &all.iter().copied().chain(own.iter().map(String::as_str)).collect::<Vec<_>>(),
            )
        };
        let nodes: Vec<Node> = (0..MASTERS).map(node).collect();
        for (which, node) in (0..).zip(&nodes) {
            // Whoever has the higher epoch wins a slot; none of them is claimed twice.
            expect_ok(node, &["CLUSTER", "SET-CONFIG-EPOCH", &(which + 1).to_string()]);
            let (first, last) = thirds(which);
            let (first, last) = (first.to_string(), last.to_string());
            expect_ok(node, &["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            if which > 0 {
                node.meet(&nodes[0]);
            }
        }
        let cluster = RedisCluster { nodes };
        cluster.agree();
        cluster
    }

    /// `redis+cluster://127.0.0.1:port`, naming one node.
    pub fn url(&self) -> String {
        format!("redis+cluster://127.0.0.1:{}", self.nodes[0].port())
    }

    /// The masters, by the slots that they served at the beginning.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// One of them.
    pub fn node_mut(&mut self, which: usize) -> &mut Node {
        &mut self.nodes[which]
    }

    /// The slot of a key.
    ///
    /// # Panics
    ///
    /// Where no node says it.
    pub fn slot(&self, key: &str) -> u16 {
        let slot = self.nodes[0].command(&["CLUSTER", "KEYSLOT", key]);
        slot.trim().trim_start_matches(':').parse().unwrap_or_else(|e| panic!("{slot}: {e}"))
    }

    /// Which of the nodes serves a key, as all of them see it.
    ///
    /// # Panics
    ///
    /// Where they do not agree for long.
    pub fn owner(&self, key: &str) -> usize {
        let slot = self.slot(key);
        let mut owner = 0;
        until("the nodes agree who serves a slot", || {
            let owners: Vec<_> = self.nodes.iter().map(|node| node.owner_of(slot)).collect();
            let agreed = owners.iter().all(|other| other.is_some() && *other == owners[0]);
            let at = owners[0].as_ref().and_then(|id| self.nodes.iter().position(|n| n.id() == id));
            owner = at.unwrap_or(0);
            agreed && at.is_some()
        });
        owner
    }

    /// Removes everything that is stored.
    pub fn flush(&self) {
        self.nodes.iter().for_each(|node| expect_ok(node, &["FLUSHALL"]));
    }

    /// How often each command has been called, on all living nodes together.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        sum(self.living().map(Node::calls))
    }

    /// How often each kind of error was answered, by all living nodes together.
    pub fn errors(&self) -> BTreeMap<String, u64> {
        sum(self.living().map(Node::errors))
    }

    fn living(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !node.is_dead())
    }

    /// Has a master serve the slots of one that does not answer any more, as its replica would.
    ///
    /// # Panics
    ///
    /// Where the others do not agree to it.
    pub fn take_over(&self, dead: usize, by: usize) {
        let others = || self.nodes.iter().filter(|node| node.id() != self.nodes[dead].id());
        for node in others() {
            expect_ok(node, &["CLUSTER", "FORGET", self.nodes[dead].id()]);
        }
        let (first, last) = thirds(dead as u16);
        let taken = &self.nodes[by];
        until("the others have forgotten a dead node", || {
            let added =
                taken.command(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            added.trim() == "+OK"
        });
        until("the others agree who serves its slots", || {
            others().all(|node| node.owner_of(first).as_deref() == Some(taken.id()))
        });
    }

    /// Begins to move a slot from one node to another: what is not there any more is looked for over there.
    pub fn begin_move(&self, slot: u16, from: usize, to: usize) {
        let (slot, from, to) = (slot.to_string(), &self.nodes[from], &self.nodes[to]);
        expect_ok(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", from.id()]);
        expect_ok(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", to.id()]);
    }

    /// Moves up to `most` keys of a slot that is on its way. Says how many there were.
    pub fn move_keys(&self, slot: u16, from: usize, to: usize, most: usize) -> usize {
        let (from, to) = (&self.nodes[from], &self.nodes[to]);
        let keys =
            from.command(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), &most.to_string()]);
        // An array of texts: each has its length on a line before it.
        let keys: Vec<&str> = keys.lines().skip(2).step_by(2).map(str::trim_end).collect();
        for key in &keys {
            let moved =
                from.command(&["MIGRATE", "127.0.0.1", &to.port().to_string(), key, "0", "5000"]);
            // A key that has just expired is not there.
            assert!(matches!(moved.trim(), "+OK" | "+NOKEY"), "{key}: {moved}");
        }
        keys.len()
    }

    /// Ends a move: the slot is where its keys are.
    pub fn end_move(&self, slot: u16, to: usize) {
        let (slot, id) = (slot.to_string(), self.nodes[to].id());
        // The new owner first, so that no node sends anybody to one that does not know of it.
        let others = (0..self.nodes.len()).filter(|&node| node != to);
        for node in std::iter::once(to).chain(others) {
            expect_ok(&self.nodes[node], &["CLUSTER", "SETSLOT", &slot, "NODE", id]);
        }
    }

    /// Waits until all nodes know each other, and serve every slot.
    fn agree(&self) {
        for node in &self.nodes {
            until("the nodes of a cluster have found each other", || {
                let info = node.command(&["CLUSTER", "INFO"]);
                let says = |what: &str| info.lines().any(|line| line.trim() == what);
                says("cluster_state:ok")
                    && says(&format!("cluster_known_nodes:{MASTERS}"))
                    && says("cluster_slots_ok:16384")
            });
        }
    }
}

/// The first slot and the last one that a master serves at the beginning.
pub(crate) fn thirds(which: u16) -> (u16, u16) {
    (SLOTS * which / MASTERS, SLOTS * (which + 1) / MASTERS - 1)
}

fn sum(parts: impl Iterator<Item = BTreeMap<String, u64>>) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for (what, count) in parts.flatten() {
        *all.entry(what).or_default() += count;
    }
    all
}
