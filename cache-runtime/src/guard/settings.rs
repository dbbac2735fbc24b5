//! How a store is guarded.

use std::{sync::Arc, time::Duration};

use crate::stats::StoreCounters;

/// How a store is guarded.
pub(crate) struct Settings {
    /// How long an operation may take.
    pub(crate) deadline: Duration,
    /// After so many failures in a row the store is left alone,
    pub(crate) failures: u32,
    /// for so long between two probes.
    pub(crate) open_for: Duration,
    /// How many operations may wait for their answers.
    pub(crate) max_waiting: usize,
    /// How many keys may be pending.
    pub(crate) max_pending: usize,
    /// The key that is read to see whether the store is well.
    pub(crate) probe: Box<str>,
    /// The tag that every entry carries, if there is one.
    pub(crate) everything: Option<Arc<str>>,
    /// What is counted of the store.
    pub(crate) counters: Arc<StoreCounters>,
    /// Whether logs may name keys.
    pub(crate) log_keys: bool,
}

#[cfg(test)]
impl Settings {
    /// Those of a test that is not about them.
    pub(crate) fn tests() -> Settings {
        Settings {
            deadline: Duration::from_millis(100),
            failures: 5,
            open_for: Duration::from_secs(1),
            max_waiting: 100,
            max_pending: 100,
            probe: "#all".into(),
            everything: None,
            counters: Arc::default(),
            log_keys: false,
        }
    }
}
