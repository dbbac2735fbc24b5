//! Queues as Redis streams, read by a consumer group: each step that a queue and its keys take together is one
//! script over both, made of the texts of `script.rs`. On a cluster they need one hash slot (`slot_check.rs`).
//!
//! A place in the queue is a number: the server's clock in microseconds, and at least one more than the place
//! before. It is the first half of the entry's id, so that it grows even where the stream was lost and begins
//! anew.

pub(super) mod dedicated;
pub(super) mod operations;
pub(super) mod reply;
pub(super) mod slot_check;
pub(super) mod source;

pub(crate) use self::source::Source;
