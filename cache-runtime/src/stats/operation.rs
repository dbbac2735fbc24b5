//! The operations of a store, and their labels in metrics.

use crate::telemetry::metric::Labels;

macro_rules! operations {
    ($($(#[$meta:meta])* $operation:ident $name:literal,)*) => {
        /// An operation of a store.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($(#[$meta])* $operation,)*
        }

        /// The labels of each operation, for success and for failure.
        pub(super) static OPERATIONS: [[Labels; 2]; [$($name),*].len()] = [$([
            &[("cache.operation", $name), ("cache.outcome", "ok")],
            &[("cache.operation", $name), ("cache.outcome", "error")],
        ],)*];
    };
}

operations! {
    Read "read",
    ReadMany "read_many",
    Acquire "acquire",
    Take "take",
    Stamp "stamp",
    Fill "fill",
    Renew "renew",
    Release "release",
    Discard "discard",
    Fence "fence",
    Settle "settle",
    Delete "delete",
    /// Several steps in one pipeline.
    Steps "steps",
    /// An operation on a write-behind queue.
    Queue "queue",
}
