//! Stores: bytes under keys, for a time, changed one protocol step at a time. They know nothing of values.

mod connection;
#[cfg(test)]
mod differential;
pub(crate) mod memory;
pub(crate) mod queue;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg(feature = "redis")]
pub(crate) mod sealed;

use std::collections::BTreeMap;

pub(crate) use self::connection::ConnectionState;
use crate::{
    entry::Entry,
    error::Error,
    protocol::{Reply, State, Step},
};

/// One of the stores. An enum rather than a trait object, so that no step allocates a future.
#[allow(clippy::large_enum_variant, reason = "there is one for each cache")]
pub(crate) enum Store {
    Memory(memory::MemoryStore),
    #[cfg(feature = "redis")]
    Redis(sealed::Sealed<redis::RedisStore>),
}

/// The answers to several steps.
pub(crate) type Replies = Vec<Result<Reply<Entry>, Error>>;

/// What stands under several keys.
pub(crate) type States = Vec<Result<State<Entry>, Error>>;

impl Store {
    /// Looks at a key: the hot path.
    pub(crate) async fn read(&self, key: &str) -> Result<State<Entry>, Error> {
        match self {
            Store::Memory(store) => Ok(store.read(key)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.read(key).await,
        }
    }

    /// Takes one step.
    pub(crate) async fn run(&self, key: &str, step: Step<Entry>) -> Result<Reply<Entry>, Error> {
        match self {
            Store::Memory(store) => Ok(store.run(key, step)),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.run(key, step).await,
        }
    }

    /// Looks at several keys, in one round trip. Where they are on several servers, some may be seen though others
    /// cannot be.
    pub(crate) async fn read_many(&self, keys: &[&str]) -> Result<States, Error> {
        match self {
            Store::Memory(store) => Ok(keys.iter().map(|key| Ok(store.read(key))).collect()),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.read_many(keys).await,
        }
    }

    /// Takes several steps in one round trip, those of one key in this order; each has an answer of its own.
    pub(crate) async fn run_many(&self, steps: &[(&str, Step<Entry>)]) -> Result<Replies, Error> {
        match self {
            Store::Memory(store) => {
                let run = |(key, step): &(&str, Step<Entry>)| Ok(store.run(key, step.clone()));
                Ok(steps.iter().map(run).collect())
            }
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.run_many(steps).await,
        }
    }

    /// What it is called in statistics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Store::Memory(_) => "memory",
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.kind(),
        }
    }

    /// Which of the store's servers has `key`: what fails there says nothing of the others. 0 is the only server of a
    /// store that has one; a master of a cluster has a number of its own for as long as it is known, which no other
    /// gets after it, and 0 stands for one that is not known yet.
    #[cfg_attr(
        not(feature = "redis"),
        allow(unused_variables, reason = "the embedded store is one server")
    )]
    pub(crate) fn shard(&self, key: &str) -> usize {
        match self {
            Store::Memory(_) => 0,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.shard(key),
        }
    }

    /// The questions by the servers that have their keys, where there are several servers.
    pub(crate) fn divided<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Option<Vec<Vec<usize>>> {
        if !self.has_several_servers() {
            return None;
        }
        let mut groups = BTreeMap::<usize, Vec<usize>>::new();
        for (at, key) in keys.enumerate() {
            groups.entry(self.shard(key)).or_default().push(at);
        }
        Some(groups.into_values().collect())
    }

    fn has_several_servers(&self) -> bool {
        match self {
            Store::Memory(_) => false,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.has_several_servers(),
        }
    }

    /// Whether a step can take longer than a lock and a look-up, so that it needs a deadline.
    pub(crate) fn is_remote(&self) -> bool {
        !matches!(self, Store::Memory(_))
    }
}
