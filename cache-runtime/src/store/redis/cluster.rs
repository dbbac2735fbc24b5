//! A Redis Cluster: each command goes to the node that serves its key's slot, and follows the slot where it moves.
//!
//! The `redis` crate has a cluster client; this is not built on it. It sends by itself, up to sixteen times and with
//! pauses, what may have been taken: after a connection was lost, and the whole of a pipeline of which one command was
//! redirected. So it keeps no order either between two commands on one key. Here a command is sent a second time only
//! where a node has said that it did not take it (`MOVED`, `ASK`, `TRYAGAIN`), or where it may be taken twice; and for
//! as long as the one who waits for it does: whoever gives up a step and sends another one after it can be sure that
//! the first one does not come later.

mod dedicated;
mod mget;
mod node;
mod pipelines;
mod redirect;
mod seeds;
mod slot_map;
mod slots;
mod topology;

use std::{
    sync::{Arc, PoisonError, RwLock, atomic::AtomicUsize},
    time::Duration,
};

use futures_util::future::join_all;
use redis::{Cmd, Pipeline, RedisError, Value};
use tokio::{
    sync::{Notify, watch},
    time,
};

pub(crate) use self::seeds::Seeds;
pub(super) use self::{dedicated::Follower, slots::slot};
use self::{
    node::{Node, send_asking},
    redirect::{Redirection, redirection},
    slot_map::SlotMap,
    topology::RefreshState,
};
use super::{pool, reconnect::Link};
use crate::time::jittered;

/// Redirections that are followed at once. One leads to the node that knows; where nodes send a command to and fro, a
/// slot is just changing hands.
const AT_ONCE: u32 = 2;

/// The pause before one more is followed, doubled each time up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Clones are the same cluster.
#[derive(Clone)]
pub(super) struct Cluster {
    shared: Arc<Shared>,
}

struct Shared {
    seeds: Seeds,
    connections: usize,
    greeting: Arc<Pipeline>,
    slot_map: RwLock<SlotMap>,
    /// The number of the next node.
    numbers: AtomicUsize,
    refreshes: watch::Sender<RefreshState>,
    /// Ends the pause between two refreshes.
    wake: Arc<Notify>,
}

/// Where a command is sent to: a node, and whether the slot is still on its way to it.
struct Target {
    node: Arc<Node>,
    asking: bool,
}

impl Cluster {
    /// A cluster of which `seeds` are some nodes, reached by about so many connections in all.
    pub(super) fn new(seeds: Seeds, connections: usize, greeting: Arc<Pipeline>) -> Cluster {
        let (refreshes, _) = watch::channel(RefreshState::default());
        let (slot_map, wake) = Default::default();
        let numbers = AtomicUsize::new(1);
        let shared = Shared { seeds, connections, greeting, slot_map, numbers, refreshes, wake };
        Cluster { shared: Arc::new(shared) }
    }

    /// Learns which nodes there are, and waits until each of them has been reached, or has not.
    pub(super) async fn connect(&self) -> Result<(), RedisError> {
        self.owner(0).await?;
        let nodes = self.shared.slot_map(|map| map.nodes().to_vec());
        let connected = join_all(nodes.iter().map(|node| node.connect())).await;
        connected.into_iter().collect()
    }

    /// The number of the node that serves a slot; 0 where that is not known.
    pub(super) fn number(&self, slot: u16) -> usize {
        self.shared.slot_map(|map| map.owner(slot).map_or(0, |node| node.number))
    }

    /// Looks at the link of a slot. Where nobody knows who serves it, that is being found out.
    pub(super) fn with_link<T>(&self, slot: u16, look: impl FnOnce(&Link) -> T) -> Option<T> {
        let node = self.shared.slot_map(|map| map.owner(slot).cloned());
        if node.is_none() {
            self.refresh(None);
        }
        node.map(|node| look(node.link(slot)))
    }

    /// The links to the node that serves a slot.
    pub(super) fn links(&self, slot: u16) -> Vec<Link> {
        self.shared.slot_map(|map| map.owner(slot).map_or(Vec::new(), |node| node.links().to_vec()))
    }

    /// One more link to a node.
    fn further_link(&self, node: &Node) -> Link {
        let address = self.shared.seeds.at(&node.host, node.port);
        Link::new(address, Arc::clone(&self.shared.greeting))
    }

    /// Sends a command for a key in `slot`; over a connection that turns out to be dead, `again` if it may be.
    pub(super) async fn send(
        &self,
        slot: u16,
        command: &Cmd,
        again: bool,
    ) -> Result<Value, RedisError> {
        let mut target = Target { node: self.owner(slot).await?, asking: false };
        let mut patience = Patience::default();
        loop {
            let asked = self.asked(&target.node);
            let link = target.node.link(slot);
            let answer = match target.asking {
                true => send_asking(link, command).await,
                false => pool::send(link, command, again).await,
            };
            asked.answered(answer.as_ref().err());
            target = match self.elsewhere(slot, &target.node, answer.as_ref().err()) {
                None => return answer,
                Some(Redirected::At(target)) => target,
                Some(Redirected::Later) => {
                    patience.exhaust();
                    Target { node: self.owner(slot).await?, asking: false }
                }
            };
            patience.pause().await;
        }
    }

    /// Whom to ask for a slot instead of `node`, if that is what an error says. A slot that has moved is looked for in
    /// its new place from then on.
    fn elsewhere(&self, slot: u16, node: &Node, error: Option<&RedisError>) -> Option<Redirected> {
        let (place, asking) = match redirection(error?)? {
            Redirection::Moved(to) => (to, false),
            Redirection::Ask(at) => (at, true),
            Redirection::TryAgain => return Some(Redirected::Later),
        };
        let node = self.shared.change(|map| {
            let node = self.shared.find(map, place, &node.host, map.nodes().len());
            if asking {
                map.add(&node);
            } else {
                map.give(slot..=slot, &node);
            }
            node
        });
        if !asking {
            self.refresh(Some(&node));
        }
        Some(Redirected::At(Target { node, asking }))
    }

    /// Makes sure that a writer does not take the word of a failed attempt: neither that a node cannot be reached, nor
    /// that it is the one that serves the slot.
    pub(super) async fn retry_connect(&self, slot: u16) {
        let node = match self.owner(slot).await {
            Ok(node) => {
                node.link(slot).retry_connect().await;
                if node.link(slot).connection().await.is_ok() {
                    return;
                }
                Some(node)
            }
            Err(_) => None,
        };
        self.refreshed().await;
        if let Ok(now) = self.owner(slot).await
            && node.is_none_or(|node| !Arc::ptr_eq(&node, &now))
        {
            now.link(slot).retry_connect().await;
        }
    }
}

/// Where a command has to go that was not taken.
enum Redirected {
    At(Target),
    /// Where it was sent, after a while.
    Later,
}

/// How redirections are followed: at once, and where they go on, after pauses. It ends with the deadline of whoever
/// waits.
#[derive(Default)]
struct Patience {
    followed: u32,
}

impl Patience {
    /// There is a pause before the next one.
    fn exhaust(&mut self) {
        self.followed = self.followed.max(AT_ONCE);
    }

    async fn pause(&mut self) {
        if let Some(doubled) = self.followed.checked_sub(AT_ONCE) {
            let pause = FIRST_PAUSE * 2_u32.pow(doubled.min(10));
            time::sleep(jittered(pause.min(LONGEST_PAUSE))).await;
        }
        self.followed += 1;
    }
}

impl Shared {
    /// Looks at the slot map. Each change of it is whole before anything can panic.
    fn slot_map<T>(&self, look: impl FnOnce(&SlotMap) -> T) -> T {
        look(&self.slot_map.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, change: impl FnOnce(&mut SlotMap) -> T) -> T {
        change(&mut self.slot_map.write().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;
