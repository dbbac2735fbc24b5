//! Stores: bytes under keys, for a time, changed one protocol step at a time. They know nothing about values.

pub(crate) mod batch;
pub(crate) mod breaker;
pub(crate) mod connection;
#[cfg(test)]
mod differential;
pub(crate) mod inspected;
pub(crate) mod lane;
pub(crate) mod memory;
pub(crate) mod queue;
pub(crate) mod queues;
#[cfg(feature = "redis")]
pub(crate) mod redis;

pub(crate) use self::lane::{Lane, Lanes, Store};
