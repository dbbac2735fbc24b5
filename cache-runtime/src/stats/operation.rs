//! What a store can be asked, and what metrics call that.

use crate::telemetry::metric::Labels;

macro_rules! operations {
    ($($(#[$meta:meta])* $operation:ident $name:literal,)*) => {
        /// What a store can be asked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($(#[$meta])* $operation,)*
        }

        /// The labels of each of them, where it succeeded and where it did not.
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
    /// Several of these at once.
    Steps "steps",
    /// Something about a queue of values that are written behind.
    Queue "queue",
}
