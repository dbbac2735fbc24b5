//! Guards callers against a server that is unwell: a deadline on every operation, a circuit breaker for each server, a
//! bound on the operations that wait, and the pending invalidations.
//!
//! | file | subject |
//! |---|---|
//! | `settings` | how a store is guarded |
//! | `pending` | invalidations that the store has not confirmed |
//! | `probe`, `recovery` | how a server is found well again |
//! | `operation` | one operation: its breaker, its deadline, its permit |
//! | `fan_out` | one operation for each of very many keys, a bounded number at once |
//! | `pipelines` | many keys at once, each group over its lane |
//! | `failover` | whether the server that confirms an invalidation is still the master |
//! | `redelivery` | how pending invalidations are sent again |
//! | `overlay` | reads while an invalidation is pending |
//! | `writer` | the steps of writers, which are sent whether the breaker is open or not |
//! | `key_write` | the write of one key, and the guard that leaves it pending |
//! | `calls`, `background` | the operations of readers, and steps that nobody waits for |
//!
//! Each file imports only from those above it. All of this is for a remote store: the embedded one takes a lock and a
//! look-up.

mod background;
mod calls;
mod failover;
mod fan_out;
mod key_write;
mod operation;
mod overlay;
mod pending;
mod pipelines;
mod probe;
mod recovery;
mod redelivery;
mod settings;
mod writer;

pub(crate) use self::{
    key_write::{FenceOutcome, KeyWrite, Value, abandon},
    operation::Guard,
    settings::Settings,
};
