//! Which node serves which slot.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::Arc,
};

use redis::Value;

use super::{redirect::NodeAddress, slots::SLOTS};
use crate::store::redis::server::Server;

/// No node.
const NOBODY: u16 = u16::MAX;

/// The masters of a cluster, and their slots.
#[derive(Default)]
pub(super) struct SlotMap {
    /// For each slot, the index of its node. Empty as long as nothing is known.
    slots: Box<[u16]>,
    nodes: Vec<Arc<Server>>,
}

/// Slots that are served by one node.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range<'a> {
    first: u16,
    last: u16,
    place: NodeAddress<'a>,
}

impl SlotMap {
    pub(super) fn owner(&self, slot: u16) -> Option<&Arc<Server>> {
        self.nodes.get(usize::from(*self.slots.get(usize::from(slot))?))
    }

    pub(super) fn nodes(&self) -> &[Arc<Server>] {
        &self.nodes
    }

    /// The nodes that serve a slot.
    pub(super) fn serving(&self) -> Vec<Arc<Server>> {
        let serving: BTreeSet<u16> = self.slots.iter().copied().collect();
        serving.into_iter().filter_map(|at| self.nodes.get(usize::from(at)).cloned()).collect()
    }

    /// Whether every slot is served, by a node to which there are connections.
    pub(super) fn is_well(&self) -> bool {
        let whole = !self.slots.is_empty() && !self.slots.contains(&NOBODY);
        whole && self.serving().iter().all(|node| node.is_up())
    }

    /// The node at a place, if it is one of these.
    pub(super) fn at(&self, host: &str, port: u16) -> Option<&Arc<Server>> {
        self.nodes.iter().find(|node| node.endpoint().place() == (host, port))
    }

    /// Adds a node, and returns its index. It need not serve a slot yet.
    pub(super) fn add(&mut self, node: &Arc<Server>) -> usize {
        let known = self.nodes.iter().position(|known| Arc::ptr_eq(known, node));
        known.unwrap_or_else(|| {
            self.nodes.push(Arc::clone(node));
            self.nodes.len() - 1
        })
    }

    /// Slots are served by `node` from now on.
    pub(super) fn give(&mut self, slots: RangeInclusive<u16>, node: &Arc<Server>) {
        let at = self.add(node) as u16;
        if self.slots.is_empty() {
            self.slots = vec![NOBODY; SLOTS].into();
        }
        for slot in slots {
            if let Some(owner) = self.slots.get_mut(usize::from(slot)) {
                *owner = at;
            }
        }
    }

    /// Replaces the map by what a node has said.
    ///
    /// Nodes that go on serving keep their connections. So do those that serve nothing for now, as long as they are
    /// connected: what was sent to them must not be overtaken over another connection.
    pub(super) fn replace(
        &mut self,
        ranges: &[Range<'_>],
        mut node: impl FnMut(&SlotMap, NodeAddress<'_>) -> Arc<Server>,
    ) {
        let mut map = SlotMap::default();
        let mut seen = BTreeMap::new();
        for range in ranges {
            // A node that serves several ranges is made once.
            let place = (range.place.host, range.place.port);
            let node = seen.entry(place).or_insert_with(|| node(self, range.place));
            map.give(range.first..=range.last, node);
        }
        for node in self.nodes.iter().filter(|node| node.is_up()) {
            map.add(node);
        }
        *self = map;
    }
}

/// Reads the answer to `CLUSTER SLOTS`. None where it is malformed.
pub(super) fn read(answer: &Value) -> Option<Vec<Range<'_>>> {
    let Value::Array(ranges) = answer else { return None };
    ranges.iter().map(range).collect()
}

/// How many nodes serve them.
pub(super) fn masters(ranges: &[Range<'_>]) -> usize {
    let places: BTreeSet<_> =
        ranges.iter().map(|range| (range.place.host, range.place.port)).collect();
    places.len()
}

/// The first slot, the last one, and the node that serves them; its replicas come after it.
fn range(range: &Value) -> Option<Range<'_>> {
    let Value::Array(parts) = range else { return None };
    let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = &parts[..] else {
        return None;
    };
    let [host, Value::Int(port), ..] = &master[..] else { return None };
    let host = match host {
        Value::BulkString(host) => std::str::from_utf8(host).ok()?,
        Value::SimpleString(host) => host,
        Value::VerbatimString { text, .. } => text,
        // The node does not know under which name it is seen.
        Value::Nil => "",
        _ => return None,
    };
    let slot = |slot: i64| u16::try_from(slot).ok().filter(|&slot| usize::from(slot) < SLOTS);
    let (first, last) = (slot(*first)?, slot(*last)?);
    Some(Range { first, last, place: NodeAddress::new(host, u16::try_from(*port).ok()?) })
}
