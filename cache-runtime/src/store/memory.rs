//! The embedded store.

mod entries;
mod queue_steps;
mod queues;

pub(crate) use self::entries::MemoryStore;
