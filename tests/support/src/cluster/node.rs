//! One node of a Redis Cluster.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use crate::{port::Port, server::RedisServer};

/// How long a cluster may take to agree on something. Masters that have just begun wait two seconds for each other.
const AGREEMENT: Duration = Duration::from_secs(30);

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(10);

/// A node. Dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Node {
    server: RedisServer,
    settings: Vec<String>,
    /// The port on which the nodes talk to each other.
    bus: Port,
    /// The port that speaks TLS.
    encrypted: Option<Port>,
    id: String,
    dead: bool,
}

impl Node {
    /// Starts a node that knows no other one.
    pub(crate) fn start(settings: &[&str]) -> Node {
        let (bus, encrypted) = (Port::take(), Port::take());
        let (bus_port, tls_port) = (bus.to_string(), encrypted.to_string());
        let tls = settings.contains(&"--tls-cluster");
        let mut own = ["--save", "", "--appendonly", "no", "--cluster-enabled", "yes"].to_vec();
        own.extend(["--cluster-port", &bus_port, "--cluster-node-timeout", "1000"]);
        // Those who are left go on.
        own.extend(["--cluster-require-full-coverage", "no"]);
        if tls {
            own.extend(["--tls-port", &tls_port]);
        }
        own.extend(settings);
        let server = RedisServer::start_with(&own);
        let id = server.command(&["CLUSTER", "MYID"]);
        let id = id.lines().nth(1).expect("a node has an id").trim().to_owned();
        let settings = own.into_iter().map(str::to_owned).collect();
        Node { server, settings, bus, encrypted: tls.then_some(encrypted), id, dead: false }
    }

    /// The port at which clients of the cluster find it.
    pub fn port(&self) -> u16 {
        self.encrypted.as_ref().map_or(self.server.port(), Port::number)
    }

    /// Makes it a member of the cluster that `other` is a member of.
    pub(crate) fn meet(&self, other: &Node) {
        let (port, bus) = (other.port().to_string(), other.bus.to_string());
        expect_ok(self, &["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
    }

    /// What it is called in the cluster.
    pub(crate) fn id(&self) -> &str {
        &self.id
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

    /// Whether it was killed.
    pub(crate) fn is_dead(&self) -> bool {
        self.dead
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

    /// The id of the node that serves a slot, as this one sees it.
    pub(crate) fn owner_of(&self, slot: u16) -> Option<String> {
        let ranges = self.command(&["CLUSTER", "NODES"]);
        ranges.lines().find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let serves = fields.get(8..)?.iter().any(|range| {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                let bounds = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
                bounds.is_some_and(|(first, last)| (first..=last).contains(&slot))
            });
            serves.then(|| fields[0].to_owned())
        })
    }
}

pub(crate) fn expect_ok(node: &Node, command: &[&str]) {
    let answer = node.command(command);
    assert_eq!(answer.trim(), "+OK", "{command:?}");
}

/// Waits for something that nodes do by themselves.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + AGREEMENT;
    while !is_so() {
        assert!(Instant::now() < deadline, "it did not come to pass that {what}");
        thread::sleep(LOOK);
    }
}
