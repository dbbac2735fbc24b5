//! The stores, and their lanes: the embedded one, and Redis.

use std::{sync::Arc, time::Duration};

#[cfg(feature = "redis")]
use super::redis;
use super::{
    batch::{Replies, States},
    breaker::{Breaker, BreakerSnapshot},
    connection::ConnectionState,
    inspected::Inspected,
    memory::MemoryStore,
};
use crate::{
    entry::Entry,
    error::Error,
    look::Look,
    protocol::{Reply, State, Step},
};

/// One of the stores. It is an enum rather than a trait object, so that no step allocates a future.
#[allow(clippy::large_enum_variant, reason = "there is one for each cache")]
pub(crate) enum Store {
    Memory(MemoryStore),
    #[cfg(feature = "redis")]
    Redis(redis::RedisStore),
}

/// Where the steps on a key go: its connection, and the server with its breaker. An operation resolves its key once. What
/// is sent over one lane arrives in its order.
pub(crate) enum Lane<'s> {
    Memory(&'s MemoryStore),
    #[cfg(feature = "redis")]
    Redis(redis::Lane<'s>),
}

/// The lanes of several keys.
pub(crate) enum Lanes<'s> {
    One(Lane<'s>),
    /// Each with the places of its keys.
    #[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "the embedded store has one"))]
    Several(Vec<(Lane<'s>, Vec<usize>)>),
}

impl Store {
    /// The lane of a key.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it has one lane"))]
    pub(crate) fn lane(&self, key: &str) -> Lane<'_> {
        match self {
            Store::Memory(store) => Lane::Memory(store),
            #[cfg(feature = "redis")]
            Store::Redis(store) => Lane::Redis(store.lane(key)),
        }
    }

    /// The lanes of the keys of several steps.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it has one lane"))]
    pub(crate) fn lanes(&self, steps: &[(&str, Step<Entry>)]) -> Lanes<'_> {
        match self {
            Store::Memory(store) => Lanes::One(Lane::Memory(store)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => lanes(store, steps.iter().map(|(key, _)| *key), false),
        }
    }

    /// The lanes over which to look at several keys. A look changes nothing and needs no order, so on one server one command
    /// looks at all of them.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it has one lane"))]
    pub(crate) fn lanes_of_looks(&self, keys: &[&str]) -> Lanes<'_> {
        match self {
            Store::Memory(store) => Lanes::One(Lane::Memory(store)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => lanes(store, keys.iter().copied(), !store.has_several_servers()),
        }
    }

    /// What this process holds of the store under `key`, no older than `most`. The embedded store is in this process.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it has no copies"))]
    pub(crate) fn local(&self, key: &str, most: Duration) -> Option<Entry> {
        match self {
            Store::Memory(store) => store.local(key),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.local(key, most),
        }
    }

    /// How long a writer has to wait after a step, until no process can serve a copy from before it.
    pub(crate) fn local_wait(&self) -> Option<Duration> {
        match self {
            Store::Memory(_) => None,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.local_wait(),
        }
    }

    /// Keeps local copies from now on, or none.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it has no copies"))]
    pub(crate) fn switch_local(&self, on: bool) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.switch_local(on),
        }
    }

    /// How many local copies there are, and their bytes.
    pub(crate) fn copies(&self) -> (u64, u64) {
        match self {
            Store::Memory(_) => (0, 0),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.copies(),
        }
    }

    /// Its name in statistics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Store::Memory(_) => "memory",
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.kind(),
        }
    }

    /// Whether keys are on several servers.
    pub(crate) fn has_several_servers(&self) -> bool {
        match self {
            Store::Memory(_) => false,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.has_several_servers(),
        }
    }

    /// Whether another server may be promoted in the place of one, which may not know it for a while.
    pub(crate) fn has_stand_ins(&self) -> bool {
        match self {
            Store::Memory(_) => false,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.has_stand_ins(),
        }
    }

    /// Asks sentinels, or the other nodes of a cluster, whether the servers of `keys` are still masters.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it is no server"))]
    pub(crate) async fn verify_masters(&self, keys: &[&str]) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.verify_masters(keys).await,
        }
    }

    /// Whether the breaker of every server is open.
    pub(crate) fn all_open(&self) -> bool {
        match self {
            Store::Memory(_) => false,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.all_open(),
        }
    }

    /// Sends a cheap command to the server of `key`, whichever that is. Any answer will do that does not say that the
    /// server is unwell.
    #[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it is always well"))]
    pub(crate) async fn probe(&self, key: &str) -> Result<(), Error> {
        match self {
            Store::Memory(_) => Ok(()),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.probe(key).await,
        }
    }
}

/// The lanes of several keys, or that of the first where one is enough.
#[cfg(feature = "redis")]
fn lanes<'s, 'k>(
    store: &'s redis::RedisStore,
    mut keys: impl Iterator<Item = &'k str>,
    one_is_enough: bool,
) -> Lanes<'s> {
    if one_is_enough || store.has_one_lane() {
        return Lanes::One(Lane::Redis(store.lane(keys.next().unwrap_or_default())));
    }
    let mut lanes = store.lanes(keys);
    match lanes.pop() {
        Some((lane, _)) if lanes.is_empty() => Lanes::One(Lane::Redis(lane)),
        last => {
            let lanes = lanes.into_iter().chain(last);
            Lanes::Several(lanes.map(|(lane, places)| (Lane::Redis(lane), places)).collect())
        }
    }
}

#[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "it is always well"))]
impl Lane<'_> {
    /// All that the store knows of a key. Nothing is changed.
    pub(crate) async fn inspect(&self, key: &str) -> Result<Inspected, Error> {
        match self {
            Lane::Memory(store) => Ok(store.inspect(key)),
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.inspect(key).await,
        }
    }

    /// Looks at a key: the hot path.
    pub(crate) async fn look(&self, key: &str, look: Look) -> Result<State<Entry>, Error> {
        match self {
            Lane::Memory(store) => Ok(store.look(key, look)),
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.look(key, look).await,
        }
    }

    /// Looks at several keys, in one round trip.
    pub(crate) async fn look_many(&self, keys: &[&str], look: Look) -> Result<States, Error> {
        match self {
            Lane::Memory(store) => Ok(keys.iter().map(|key| Ok(store.look(key, look))).collect()),
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.look_many(keys, look).await,
        }
    }

    /// Takes one step.
    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        match self {
            Lane::Memory(store) => Ok(store.run(key, step)),
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.run(key, step).await,
        }
    }

    /// Takes several steps, in one round trip and in this order; each has an answer of its own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        match self {
            Lane::Memory(store) => {
                let run = |(key, step): &(&str, Step<Entry>)| Ok(store.run(key, step.clone()));
                Ok(steps.iter().map(run).collect())
            }
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.run_many(steps).await,
        }
    }

    /// The breaker of the server. The embedded store has none.
    pub(crate) fn breaker(&self) -> Option<&Arc<Breaker>> {
        match self {
            Lane::Memory(_) => None,
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => Some(lane.breaker()),
        }
    }

    /// That breaker's snapshot for an operation that begins now.
    pub(crate) fn snapshot(&self) -> BreakerSnapshot {
        self.breaker().map_or(BreakerSnapshot::CLOSED, |breaker| breaker.snapshot())
    }

    /// The state of the connection.
    pub(crate) fn state(&self) -> ConnectionState {
        match self {
            Lane::Memory(_) => ConnectionState::Connected,
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.state(),
        }
    }

    /// The id of the connection, if there is one.
    pub(crate) fn connection_id(&self) -> Option<u64> {
        match self {
            Lane::Memory(_) => None,
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.connection_id(),
        }
    }

    /// Waits until there is a connection other than `old`.
    pub(crate) async fn connection_other_than(&self, old: Option<u64>) {
        match self {
            Lane::Memory(_) => {}
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.connection_other_than(old).await,
        }
    }

    /// Whether something of a large value has come or gone over the connection within this time.
    pub(crate) fn transfers(&self, within: Duration) -> bool {
        match self {
            Lane::Memory(_) => false,
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.transfers(within),
        }
    }

    /// An operation on `key` had no answer in time.
    pub(crate) fn mark_unresponsive(&self, key: &str) {
        match self {
            Lane::Memory(_) => {}
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.mark_unresponsive(key),
        }
    }

    /// Makes an attempt to connect now, if there is no connection.
    pub(crate) fn reconnect_now(&self) {
        match self {
            Lane::Memory(_) => {}
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.reconnect_now(),
        }
    }

    /// Connects every link to the server that has no connection, and clears the unresponsive flag.
    pub(crate) async fn reconnect_all(&self) {
        match self {
            Lane::Memory(_) => {}
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.reconnect_all().await,
        }
    }

    /// Makes every connection to the server anew.
    pub(crate) fn renew_all(&self) {
        match self {
            Lane::Memory(_) => {}
            #[cfg(feature = "redis")]
            Lane::Redis(lane) => lane.renew_all(),
        }
    }
}
