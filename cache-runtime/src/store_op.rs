//! The operations that are sent to a store, as they are counted and timed.

use crate::{
    entry::Entry,
    error::Error,
    protocol::{Pending, Reply, State, Step},
    stats::{Operation, StoreCounters},
};

/// An operation: one or more commands that are sent together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreOp {
    pub(crate) operation: Operation,
    /// The number of commands of the server.
    commands: u64,
    /// The bytes of the values in the commands.
    bytes: u64,
}

impl StoreOp {
    /// A read of one key.
    pub(crate) const READ: StoreOp = StoreOp { operation: Operation::Read, commands: 1, bytes: 0 };

    /// A read of several keys: one command, however many keys there are.
    pub(crate) const READ_MANY: StoreOp =
        StoreOp { operation: Operation::ReadMany, commands: 1, bytes: 0 };

    /// An operation on a queue, with this many commands.
    pub(crate) fn queue(commands: u64) -> StoreOp {
        StoreOp { operation: Operation::Queue, commands, bytes: 0 }
    }

    /// A write to a queue.
    pub(crate) fn enqueue(entry: &Entry) -> StoreOp {
        StoreOp { bytes: payload_bytes(entry), ..StoreOp::queue(1) }
    }

    /// One step.
    pub(crate) fn step(step: &Step<Entry>) -> StoreOp {
        let operation = match step {
            Step::Read => Operation::Read,
            Step::Acquire { .. } => Operation::Acquire,
            Step::Take { .. } => Operation::Take,
            Step::Stamp { .. } => Operation::Stamp,
            Step::Fill { .. } => Operation::Fill,
            Step::Renew { .. } => Operation::Renew,
            Step::Release { .. } => Operation::Release,
            Step::Discard => Operation::Discard,
            Step::Fence { .. } => Operation::Fence,
            Step::Settle { .. } => Operation::Settle,
            Step::Delete => Operation::Delete,
            Step::Pend { .. } | Step::Land { .. } => Operation::Queue,
        };
        StoreOp { operation, commands: 1, bytes: bytes_written(step) }
    }

    /// Several steps.
    pub(crate) fn steps(steps: &[(&str, Step<Entry>)]) -> StoreOp {
        StoreOp {
            operation: Operation::Steps,
            commands: steps.len() as u64,
            bytes: steps.iter().map(|(_, step)| bytes_written(step)).sum(),
        }
    }

    /// Counts the operation when it is sent.
    pub(crate) fn count(&self, counters: &StoreCounters) {
        counters.operations.add(self.commands);
        if self.bytes > 0 {
            counters.bytes_written.add(self.bytes);
        }
    }

    /// Counts the failure of the whole operation.
    pub(crate) fn count_failure(&self, counters: &StoreCounters) {
        counters.failures.add(self.commands);
    }
}

/// A reply of the store.
pub(crate) trait StoreReply {
    /// The bytes of the values in the reply.
    fn bytes(&self) -> u64;

    /// The number of single steps that failed.
    fn failures(&self) -> u64 {
        0
    }

    /// Counts the reply when it arrives.
    fn count(&self, counters: &StoreCounters) {
        let (bytes, failures) = (self.bytes(), self.failures());
        if bytes > 0 {
            counters.bytes_read.add(bytes);
        }
        if failures > 0 {
            counters.failures.add(failures);
        }
    }
}

impl StoreReply for State<Entry> {
    fn bytes(&self) -> u64 {
        match self {
            State::Value(_, entry) | State::Pending(Pending { value: entry, .. }) => {
                payload_bytes(entry)
            }
            State::Vacant
            | State::Leased(_)
            | State::Fenced(_)
            | State::Unreadable
            | State::Void(_) => 0,
        }
    }
}

impl StoreReply for Reply<Entry> {
    fn bytes(&self) -> u64 {
        match self {
            Reply::Found(state) => state.bytes(),
            _ => 0,
        }
    }
}

impl<A: StoreReply> StoreReply for Result<A, Error> {
    fn bytes(&self) -> u64 {
        self.as_ref().map_or(0, StoreReply::bytes)
    }

    fn failures(&self) -> u64 {
        u64::from(self.is_err())
    }
}

impl<A: StoreReply> StoreReply for Vec<A> {
    fn bytes(&self) -> u64 {
        self.iter().map(StoreReply::bytes).sum()
    }

    fn failures(&self) -> u64 {
        self.iter().map(StoreReply::failures).sum()
    }
}

/// The bytes that a step writes if it takes effect.
fn bytes_written(step: &Step<Entry>) -> u64 {
    match step {
        Step::Fill { value, .. }
        | Step::Pend { value, .. }
        | Step::Settle { value: Some((_, value, _)), .. } => payload_bytes(value),
        _ => 0,
    }
}

/// The bytes of a value, encoded and compressed. A tag has none.
fn payload_bytes(entry: &Entry) -> u64 {
    entry.payload().len() as u64
}
