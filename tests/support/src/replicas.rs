//! A Redis Cluster each of whose masters has a replica that can take its place.

use crate::cluster::{
    RedisCluster,
    node::{Node, expect_ok, until},
    thirds,
};

/// Three masters and three replicas. Dropping it stops all of them.
///
/// No replica takes a master's place before it [may](ReplicatedCluster::let_take_over): on a machine that is busy enough,
/// nodes take each other for dead.
#[derive(Debug)]
pub struct ReplicatedCluster {
    masters: RedisCluster,
    replicas: Vec<Node>,
}

/// What both have in common.
const SETTINGS: &[&str] = &[
    "--repl-diskless-sync-delay",
    "0",
    "--repl-ping-replica-period",
    "1",
    "--cluster-replica-no-failover",
    "yes",
];

impl ReplicatedCluster {
    /// Starts all of them, and waits until the replicas are in step.
    ///
    /// # Panics
    ///
    /// As [`RedisCluster::start`].
    pub fn start() -> ReplicatedCluster {
        let masters = RedisCluster::start_with(SETTINGS, |_| Vec::new());
        let replicas: Vec<Node> = masters.nodes().iter().map(|_| Node::start(SETTINGS)).collect();
        for (master, replica) in masters.nodes().iter().zip(&replicas) {
            replica.meet(master);
        }
        for (master, replica) in masters.nodes().iter().zip(&replicas) {
            // It has to have heard of the master, and may be told then.
            until("a replica has found its master", || {
                replica.command(&["CLUSTER", "REPLICATE", master.id()]).trim() == "+OK"
            });
        }
        let cluster = ReplicatedCluster { masters, replicas };
        for node in cluster.nodes() {
            until("all nodes know of all replicas", || {
                let nodes = node.command(&["CLUSTER", "NODES"]);
                nodes.lines().filter(|line| line.contains("slave")).count() == 3
            });
        }
        for which in 0..cluster.replicas.len() {
            until("a replica is in step", || cluster.is_in_step(which));
        }
        cluster
    }

    /// `redis+cluster://127.0.0.1:port`, naming the first master.
    pub fn url(&self) -> String {
        self.masters.url()
    }

    /// Those that are the masters at first.
    pub fn masters(&self) -> &RedisCluster {
        &self.masters
    }

    /// One of them.
    pub fn master_mut(&mut self, which: usize) -> &mut Node {
        self.masters.node_mut(which)
    }

    /// The replica of a master.
    pub fn replica(&self, which: usize) -> &Node {
        &self.replicas[which]
    }

    /// Whether a master's replica has everything that the master has acknowledged.
    pub fn is_in_step(&self, which: usize) -> bool {
        let info = self.masters.nodes()[which].command(&["INFO", "replication"]);
        let value = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name));
        let offset = value("master_repl_offset:").unwrap_or_default();
        value("slave0:").is_some_and(|replica| {
            replica.contains("state=online") && replica.contains(&format!("offset={offset},"))
        })
    }

    /// From now on a master's replica takes its place when it is gone.
    pub fn let_take_over(&self, which: usize) {
        let allowed = ["CONFIG", "SET", "cluster-replica-no-failover", "no"];
        expect_ok(&self.replicas[which], &allowed);
    }

    /// Tells a master's replica to take its place, and the master to make way.
    pub fn fail_over(&self, which: usize) {
        expect_ok(&self.replicas[which], &["CLUSTER", "FAILOVER"]);
    }

    /// Tells what was a master, and is a replica now, to be the master again.
    pub fn take_back(&self, which: usize) {
        expect_ok(&self.masters.nodes()[which], &["CLUSTER", "FAILOVER"]);
    }

    /// Has a master's replica take its place, whatever the other nodes say, and whether the master knows or not.
    pub fn take_over(&self, which: usize) {
        expect_ok(&self.replicas[which], &["CLUSTER", "FAILOVER", "TAKEOVER"]);
    }

    /// Whether a replica has taken its master's place, in its own eyes.
    pub fn is_promoted(&self, which: usize) -> bool {
        // One that is being promoted may close the connection.
        let role = self.replicas[which].server().try_command(&["ROLE"]);
        role.is_ok_and(|role| role.contains("master"))
    }

    /// Whether what was a master follows the replica that has taken its place, and has all that it has.
    pub fn has_come_back(&self, which: usize) -> bool {
        let role = self.masters.nodes()[which].server().try_command(&["ROLE"]);
        role.is_ok_and(|role| role.contains("slave") && role.contains("connected"))
    }

    /// Whether a key is in a slot that a master serves at first.
    pub fn serves(&self, which: usize, key: &str) -> bool {
        let (first, last) = thirds(which as u16);
        (first..=last).contains(&self.masters.slot(key))
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.masters.nodes().iter().chain(&self.replicas)
    }
}
