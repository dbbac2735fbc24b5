//! What is asked of a store at once, as it is counted and timed.

use crate::{
    entry::Entry,
    error::Error,
    protocol::{Pending, Reply, State, Step},
    stats::{Operation, StoreCounters},
};

/// What goes out to the store together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoreOp {
    pub(crate) operation: Operation,
    /// How many commands of the server that is.
    commands: u64,
    /// The bytes of the values in it.
    bytes: u64,
}

impl StoreOp {
    /// A look at one key.
    pub(crate) const READ: StoreOp = StoreOp { operation: Operation::Read, commands: 1, bytes: 0 };

    /// A look at several keys, which is one command however many they are.
    pub(crate) const READ_MANY: StoreOp =
        StoreOp { operation: Operation::ReadMany, commands: 1, bytes: 0 };

    /// Something about a queue, in so many commands.
    pub(crate) fn queue(commands: u64) -> StoreOp {
        StoreOp { operation: Operation::Queue, commands, bytes: 0 }
    }

    /// A write that is to be accepted by a queue.
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

    /// It is asked now.
    pub(crate) fn count(&self, counters: &StoreCounters) {
        counters.operations.add(self.commands);
        if self.bytes > 0 {
            counters.bytes_written.add(self.bytes);
        }
    }

    /// None of it was answered.
    pub(crate) fn count_failure(&self, counters: &StoreCounters) {
        counters.failures.add(self.commands);
    }
}

/// An answer of the store.
pub(crate) trait StoreReply {
    /// The bytes of the values in it.
    fn bytes(&self) -> u64;

    /// How many of the steps have failed alone.
    fn failures(&self) -> u64 {
        0
    }

    /// It has come.
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
            State::Vacant | State::Leased(_) | State::Fenced(_) | State::Unreadable => 0,
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

/// What a step writes, if it is taken.
fn bytes_written(step: &Step<Entry>) -> u64 {
    match step {
        Step::Fill { value, .. }
        | Step::Pend { value, .. }
        | Step::Settle { value: Some((_, value, _)), .. } => payload_bytes(value),
        _ => 0,
    }
}

/// The bytes of a value as it is encoded and compressed. A tag has none.
fn payload_bytes(entry: &Entry) -> u64 {
    entry.payload().len() as u64
}
