//! The state of the connections to a store, as far as is known without asking. The embedded one is always well.

use super::Store;
use crate::error::Error;

/// The state of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "the embedded store is always well"))]
pub(crate) enum ConnectionState {
    /// It is connected, and nothing says that it does not answer.
    Connected,
    /// It is connected, but an operation has had no answer in time.
    Unresponsive,
    /// It is not connected, and asking costs next to nothing: it refuses at once.
    Refused,
    /// It is not connected, and asking takes long.
    Unreachable,
}

#[cfg_attr(not(feature = "redis"), allow(unused_variables, reason = "one store is always well"))]
impl Store {
    /// How the way is that the steps of `key` take.
    pub(crate) fn connection_state(&self, key: &str) -> ConnectionState {
        match self {
            Store::Memory(_) => ConnectionState::Connected,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.connection_state(key),
        }
    }

    /// Notes that an operation on `key` had no answer in time.
    pub(crate) fn suspect(&self, key: &str) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.suspect(key),
        }
    }

    /// Has an attempt to connect made now, where there is no connection.
    pub(crate) fn reconnect_now(&self, key: &str) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.reconnect_now(key),
        }
    }

    /// Asks for something cheap. Any answer will do that does not say that the store is unwell.
    pub(crate) async fn probe(&self, key: &str) -> Result<(), Error> {
        match self {
            Store::Memory(_) => Ok(()),
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.probe(key).await,
        }
    }

    /// Which connection the way of `key` has.
    pub(crate) fn connection_of(&self, key: &str) -> Option<u64> {
        match self {
            Store::Memory(_) => None,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.connection_of(key),
        }
    }

    /// Waits until the way of `key` has another connection than `old`.
    pub(crate) async fn comes_up(&self, key: &str, old: Option<u64>) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.comes_up(key, old).await,
        }
    }

    /// Whether another server may take the place of one, which may not know it for a while.
    pub(crate) fn has_stand_ins(&self) -> bool {
        match self {
            Store::Memory(_) => false,
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.has_stand_ins(),
        }
    }

    /// Has those asked who know whether the servers of `keys` are so still. Where another one is, the way of its keys has
    /// another connection from then on, or none yet.
    pub(crate) async fn verify_masters(&self, keys: &[&str]) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.verify_masters(keys).await,
        }
    }

    /// Connects what is not connected to the server of `key`, and clears the unresponsive flag.
    pub(crate) async fn reconnect_all(&self, key: &str) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.reconnect_all(key).await,
        }
    }

    /// Makes every connection to the server of `key` anew.
    pub(crate) fn renew(&self, key: &str) {
        match self {
            Store::Memory(_) => {}
            #[cfg(feature = "redis")]
            Store::Redis(store) => store.renew(key),
        }
    }
}
