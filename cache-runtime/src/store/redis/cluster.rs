//! A Redis Cluster: each command goes to the node that serves its key's slot, and follows the slot where it moves.
//!
//! The `redis` crate has a cluster client; this is not built on it. That client sends by itself, up to sixteen times and
//! with pauses, what may have been executed: after a lost connection, and a whole pipeline of which one command was
//! redirected. So it does not keep the order of two commands on one key either. Here a command is sent a second time only
//! where a node has said that it did not execute it (`MOVED`, `ASK`, `TRYAGAIN`), or where it may be executed twice; and
//! only for as long as its caller waits. Who gives up a step and sends another one after it can be sure that the first
//! one does not come later.

pub(super) mod dedicated;
pub(super) mod mget;
pub(super) mod nodes;
pub(super) mod pipelines;
pub(super) mod redirect;
pub(super) mod route;
pub(super) mod seeds;
pub(super) mod slot_map;
pub(super) mod slots;
pub(super) mod topology;

#[cfg(test)]
mod tests;
