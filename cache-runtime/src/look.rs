//! How a look at a key may be answered: by the store alone, or by a local copy of what the store holds.

use std::time::Duration;

/// How a look may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// By the store.
    Store,
    /// By a local copy that is no older than this, and otherwise by the store, which leaves one.
    Local(Duration),
}
