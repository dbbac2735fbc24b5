//! Guards callers against a server that is unwell: a deadline on every operation, a circuit breaker for each server, a
//! bound on the operations that wait, and the pending invalidations.
//!
//! | file | subject |
//! |---|---|
//! | `operation` | one operation: its breaker, its deadline, its permit |
//! | `pipelines` | many keys at once, each group over its lane |
//! | `probe`, `recovery` | how a server is found well again |
//! | `pending`, `redelivery` | invalidations that are not confirmed, and how they are sent again |
//! | `failover` | whether the server that confirms one is still the master |
//! | `overlay` | reads while an invalidation is pending |
//! | `writer` | the steps of writers, which are never left out |
//! | `key_write` | the write of one key, and the guard that leaves it pending |
//! | `calls`, `background` | what readers ask for, and steps that nobody waits for |
//!
//! Each file imports only from those before it. All of it is for a remote store: the embedded one takes a lock and a
//! look-up.

mod background;
mod calls;
mod failover;
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
    key_write::{FenceOutcome, KeyWrite, Value},
    operation::Guard,
    settings::Settings,
};
