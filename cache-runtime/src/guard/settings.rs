//! The settings of the guard.

use std::{sync::Arc, time::Duration};

use crate::{stats::StoreCounters, store::breaker::Breakers};

/// The settings of the guard.
pub(crate) struct Settings {
    /// How long an operation may take.
    pub(crate) deadline: Duration,
    /// What the breakers of its servers have in common.
    pub(crate) breakers: Breakers,
    /// How long a server is left alone between two probes.
    pub(crate) open_for: Duration,
    /// How many operations may wait for their answers.
    pub(crate) max_waiting: usize,
    /// How many keys may be pending.
    pub(crate) max_pending: usize,
    /// The key that probes read.
    pub(crate) probe: Arc<str>,
    /// The tag that every entry carries, if there is one.
    pub(crate) namespace_tag: Option<Arc<str>>,
    /// Whether logs may name keys.
    pub(crate) log_keys: bool,
}

impl Settings {
    /// What is counted of the store.
    pub(crate) fn counters(&self) -> &Arc<StoreCounters> {
        &self.breakers.counters
    }
}

#[cfg(test)]
impl Settings {
    /// Settings for a test that is not about them.
    pub(crate) fn tests() -> Settings {
        Settings {
            deadline: Duration::from_millis(100),
            breakers: Breakers { threshold: 5, ..Breakers::default() },
            open_for: Duration::from_secs(1),
            max_waiting: 100,
            max_pending: 100,
            probe: "#all".into(),
            namespace_tag: None,
            log_keys: false,
        }
    }
}
