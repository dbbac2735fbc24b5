//! One master of a cluster, and the connections to it.

use std::sync::Arc;

use futures_util::FutureExt;
use redis::{Cmd, Pipeline, RedisError, Value, cmd};

use super::super::{address::Address, pool, reconnect::Link};

pub(super) struct Node {
    pub(super) host: Box<str>,
    pub(super) port: u16,
    /// Which of all the nodes that this process has ever known.
    pub(super) number: usize,
    links: Box<[Link]>,
}

impl Node {
    pub(super) fn new(
        (host, port): (&str, u16),
        number: usize,
        address: Address,
        connections: usize,
        greeting: &Arc<Pipeline>,
    ) -> Node {
        let link = |_| Link::new(address.clone(), Arc::clone(greeting));
        let links = (0..connections.max(1)).map(link).collect();
        Node { host: host.into(), port, number, links }
    }

    /// Which of the connections is a slot's. It is always the same one, for all of a slot's keys, so that the steps
    /// of this process on a key reach the node in the order in which they were sent.
    pub(super) fn lane(&self, slot: u16) -> usize {
        usize::from(slot) % self.links.len()
    }

    pub(super) fn link(&self, slot: u16) -> &Link {
        &self.links[self.lane(slot)]
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    pub(super) fn start(&self) {
        self.links.iter().for_each(Link::start);
    }

    /// Waits until each connection has been made or has failed once.
    pub(super) async fn connect(&self) -> Result<(), RedisError> {
        self.start();
        for link in &self.links {
            link.connection().await?;
        }
        Ok(())
    }

    /// Whether each connection is there, as far as is known.
    pub(super) fn is_up(&self) -> bool {
        self.links.iter().all(|link| matches!(link.connection().now_or_never(), Some(Ok(_))))
    }

    /// Asks which slots are served by whom.
    pub(super) async fn slots(&self) -> Result<Value, RedisError> {
        pool::send(self.link(0), cmd("CLUSTER").arg("SLOTS"), true).await
    }
}

/// Has a node to which a slot is on its way take a command for a key that is there already.
pub(super) async fn send_asking(link: &Link, command: &Cmd) -> Result<Value, RedisError> {
    let mut both = Pipeline::with_capacity(2);
    both.add_command(asking()).add_command(command.clone());
    let mut answers = pool::send_all(link, &both, false).await?;
    answers.pop().unwrap_or(Ok(Value::Nil))
}

/// What goes before such a command.
pub(super) fn asking() -> Cmd {
    cmd("ASKING")
}
