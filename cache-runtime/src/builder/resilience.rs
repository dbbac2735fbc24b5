//! How a cache behaves while its store fails: the circuit breaker, and the bounds of waiting operations and of pending
//! invalidations.

use std::{sync::Arc, time::Duration};

use super::Builder;
use crate::{error::Error, guard::Settings, store::breaker::Breakers};

/// The settings.
#[derive(Clone, Debug)]
pub(super) struct Resilience {
    failures: u32,
    open_for: Duration,
    max_waiting: usize,
    max_pending_invalidations: usize,
}

impl Resilience {
    pub(super) const DEFAULT: Resilience = Resilience {
        failures: 5,
        open_for: Duration::from_secs(1),
        max_waiting: 10_000,
        max_pending_invalidations: 100_000,
    };

    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = match self {
            Resilience { failures: 0, .. } => {
                "a breaker that opens after 0 failures would let nothing through: write `u32::MAX` for one that \
                 never opens"
            }
            Resilience { max_waiting: 0, .. } => {
                "`max_waiting(0)` would let no operation reach the store: write `Cache::disabled()` for that"
            }
            Resilience { max_pending_invalidations: 0, .. } => {
                "`max_pending_invalidations(0)` would drop every invalidation that does not reach the store: write 1 or more"
            }
            Resilience { open_for: Duration::ZERO, .. } => {
                "a breaker that is open for no time would do nothing but probe: write some milliseconds or more"
            }
            _ => return Ok(()),
        };
        Err(Error::Config(wrong.to_owned()))
    }

    /// What the breakers of the store's servers have in common.
    pub(super) fn breakers(&self) -> Breakers {
        Breakers { threshold: self.failures, ..Breakers::default() }
    }

    /// The settings of the guard. `namespace_tag` is the tag that all entries of the cache carry.
    pub(super) fn settings(
        &self,
        deadline: Duration,
        namespace_tag: Option<&str>,
        breakers: Breakers,
    ) -> Settings {
        Settings {
            deadline,
            breakers,
            open_for: self.open_for,
            max_waiting: self.max_waiting,
            max_pending: self.max_pending_invalidations,
            probe: namespace_tag.unwrap_or("#all").into(),
            namespace_tag: namespace_tag.map(Arc::from),
            log_keys: false,
        }
    }
}

impl Builder {
    /// When the circuit breaker opens: after `failures` in a row, 5 by default. Then the store is probed in the
    /// background: at once, and again within `open_for` (1 s by default) after each probe that fails, earlier if there is
    /// a new connection. The first probe that is answered within the [`deadline`](Builder::deadline) closes the breaker.
    ///
    /// While it is open, a call of a cached function costs what its body costs: it neither sends anything nor waits.
    /// Writers still send the store what they can, without waiting for it. Whatever the store does not confirm becomes a
    /// pending invalidation: see [`max_pending_invalidations`](Builder::max_pending_invalidations).
    ///
    /// A failure is an operation that gets no reply in time, has no connection, or gets the reply that the server serves
    /// nobody now (`LOADING`, `CLUSTERDOWN`, …). A reply that refuses one operation (`OOM`, `READONLY`) is not a failure.
    pub fn breaker(mut self, failures: u32, open_for: Duration) -> Self {
        self.resilience.failures = failures;
        self.resilience.open_for = open_for;
        self
    }

    /// How many operations may wait for the store at once: 10,000 by default. Beyond that, a call continues without the
    /// store, so that a store that hangs or cannot keep up does not fill the memory.
    pub fn max_waiting(mut self, operations: usize) -> Self {
        self.resilience.max_waiting = operations;
        self
    }

    /// How many keys may have a pending invalidation, one that the store has not confirmed: 100,000 by default. Each
    /// takes some 200 bytes and its name.
    ///
    /// This process does not use what is cached under such a key. Beyond the bound, a cache with a
    /// [`namespace`](Builder::namespace) invalidates all of its entries at once, which costs loads and nothing else. A
    /// cache without a namespace drops the oldest invalidation, which is logged and counted as `dropped_invalidations`:
    /// other processes may serve the value from before the write until its ttl ends.
    pub fn max_pending_invalidations(mut self, keys: usize) -> Self {
        self.resilience.max_pending_invalidations = keys;
        self
    }
}
