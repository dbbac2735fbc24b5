//! A real Redis Cluster of three masters, started by a test and stopped when dropped.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use super::server::{RedisServer, free_port};

/// How long a cluster may take to agree on something. Masters that have just begun wait two seconds for each other.
const AGREEMENT: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(10);

const SLOTS: u16 = 16_384;
const MASTERS: u16 = 3;

/// A running cluster. Dropping it kills its nodes and removes their folders.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Node>,
}

/// One of its nodes.
#[derive(Debug)]
pub struct Node {
    server: RedisServer,
    settings: Vec<String>,
    id: String,
    dead: bool,
}

impl RedisCluster {
    /// Starts three masters, each of which serves a third of the slots. Where one dies, the others go on serving
    /// theirs.
    ///
    /// # Panics
    ///
    /// Where `redis-server` is not installed, or does not start, or the nodes do not find each other.
    pub fn start() -> RedisCluster {
        let nodes: Vec<Node> = (0..MASTERS).map(|_| Node::start()).collect();
        for (which, node) in (0..).zip(&nodes) {
            // Whoever has the higher epoch wins a slot; none of them is claimed twice.
            expect_ok(node, &["CLUSTER", "SET-CONFIG-EPOCH", &(which + 1).to_string()]);
            let (first, last) = thirds(which);
            let (first, last) = (first.to_string(), last.to_string());
            expect_ok(node, &["CLUSTER", "ADDSLOTSRANGE", &first, &last]);
            let other = &nodes[0];
            if which > 0 {
                let (port, bus) = (other.port().to_string(), other.bus().to_owned());
                expect_ok(node, &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
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
            let at = owners[0].and_then(|port| self.nodes.iter().position(|n| n.port() == port));
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
        self.nodes.iter().filter(|node| !node.dead)
    }

    /// Has a master serve the slots of one that does not answer any more, as its replica would.
    ///
    /// # Panics
    ///
    /// Where the others do not agree to it.
    pub fn take_over(&self, dead: usize, by: usize) {
        let others = || self.nodes.iter().filter(|node| node.id != self.nodes[dead].id);
        for node in others() {
            expect_ok(node, &["CLUSTER", "FORGET", &self.nodes[dead].id]);
        }
        let (first, last) = thirds(dead as u16);
        let taken = &self.nodes[by];
        until("the others have forgotten a dead node", || {
            let added =
                taken.command(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            added.trim() == "+OK"
        });
        until("the others agree who serves its slots", || {
            others().all(|node| node.owner_of(first) == Some(taken.port()))
        });
    }

    /// Begins to move a slot from one node to another: what is not there any more is looked for over there.
    pub fn begin_move(&self, slot: u16, from: usize, to: usize) {
        let (slot, from, to) = (slot.to_string(), &self.nodes[from], &self.nodes[to]);
        expect_ok(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from.id]);
        expect_ok(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to.id]);
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
        let (slot, id) = (slot.to_string(), &self.nodes[to].id);
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

impl Node {
    fn start() -> Node {
        let settings = ["--save", "", "--appendonly", "no", "--cluster-enabled", "yes"];
        let mut settings: Vec<String> = settings.map(str::to_owned).into();
        let more = [
            ("--cluster-port", free_port().to_string()),
            ("--cluster-node-timeout", "1000".to_owned()),
            // Those who are left go on.
            ("--cluster-require-full-coverage", "no".to_owned()),
        ];
        settings.extend(more.into_iter().flat_map(|(name, value)| [name.to_owned(), value]));
        let arguments: Vec<&str> = settings.iter().map(String::as_str).collect();
        let server = RedisServer::start_with(&arguments);
        let id = server.command(&["CLUSTER", "MYID"]);
        let id = id.lines().nth(1).expect("a node has an id").trim().to_owned();
        Node { server, settings, id, dead: false }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The port on which the nodes talk to each other.
    fn bus(&self) -> &str {
        let at = self.settings.iter().position(|setting| setting == "--cluster-port");
        &self.settings[at.expect("it was given one") + 1]
    }

    /// As [`RedisServer::command`].
    pub fn command(&self, args: &[&str]) -> String {
        self.server.command(args)
    }

    /// As [`RedisServer::calls`].
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.server.calls()
    }

    /// How often it has answered each kind of error.
    pub fn errors(&self) -> BTreeMap<String, u64> {
        let stats = self.command(&["INFO", "errorstats"]);
        let errors = stats.lines().filter_map(|line| {
            let (kind, count) = line.strip_prefix("errorstat_")?.split_once(":count=")?;
            Some((kind.to_owned(), count.trim().parse().ok()?))
        });
        errors.collect()
    }

    /// The server.
    pub fn server(&self) -> &RedisServer {
        &self.server
    }

    /// Kills the node with SIGKILL.
    pub fn kill(&mut self) {
        self.server.kill();
        self.dead = true;
    }

    /// Starts a killed node again: a member of its cluster, with nothing in it.
    pub fn restart(&mut self) {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        self.server.start_again(&settings);
        self.dead = false;
    }

    /// The port of the node that serves a slot, as this one sees it.
    fn owner_of(&self, slot: u16) -> Option<u16> {
        let ranges = self.command(&["CLUSTER", "NODES"]);
        ranges.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let serves = fields.get(8..)?.iter().any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let bounds = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
                bounds.is_some_and(|(first, last)| (first..=last).contains(&slot))
            });
            let address = fields.get(1)?.split('@').next()?;
            serves.then(|| address.rsplit(':').next()?.parse().ok())?
        })
    }
}

/// The first slot and the last one that a master serves at the beginning.
fn thirds(which: u16) -> (u16, u16) {
    (SLOTS * which / MASTERS, SLOTS * (which + 1) / MASTERS - 1)
}

fn sum(parts: impl Iterator<Item = BTreeMap<String, u64>>) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for (what, count) in parts.flatten() {
        *all.entry(what).or_default() += count;
    }
    all
}

fn expect_ok(node: &Node, command: &[&str]) {
    let answer = node.command(command);
    assert_eq!(answer.trim(), "+OK", "{command:?}");
}

/// Waits for something that nodes do by themselves.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + AGREEMENT;
    while !is_so() {
        assert!(Instant::now() < deadline, "it did not come to pass that {what}");
        thread::sleep(LOOK);
    }
}
