//! The embedded store.

mod bounded;
mod entries;
mod limits;
mod queue_steps;
mod queues;
mod timed;

pub(crate) use self::{entries::MemoryStore, limits::Limits};
