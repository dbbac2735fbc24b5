//! What a cache does while its store is unwell: when it leaves the store alone, how much may wait, how much may be owed.

use std::{sync::Arc, time::Duration};

use super::Builder;
use crate::{error::Error, guard::Settings};

/// The settings of outages.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    failures: u32,
    open_for: Duration,
    max_waiting: usize,
    max_pending_invalidations: usize,
}

impl Outage {
    pub(super) const DEFAULT: Outage = Outage {
        failures: 5,
        open_for: Duration::from_secs(1),
        max_waiting: 10_000,
        max_pending_invalidations: 100_000,
    };

    pub(super) fn check(&self) -> Result<(), Error> {
        let wrong = match self {
            Outage { failures: 0, .. } => {
                "a breaker that opens after 0 failures would let nothing through: write `u32::MAX` for one that \
                 never opens"
            }
            Outage { max_waiting: 0, .. } => {
                "`max_waiting(0)` would let no operation reach the store: write `Cache::disabled()` for that"
            }
            Outage { max_pending_invalidations: 0, .. } => {
                "`max_pending_invalidations(0)` would give up every write that misses the store: write 1 or more"
            }
            Outage { open_for: Duration::ZERO, .. } => {
                "a breaker that is open for no time would do nothing but probe: write some milliseconds or more"
            }
            _ => return Ok(()),
        };
        Err(Error::Config(wrong.to_owned()))
    }

    /// How the store is guarded. `everything` is the tag that all entries of the cache carry.
    pub(super) fn settings(&self, deadline: Duration, everything: Option<&str>) -> Settings {
        Settings {
            deadline,
            failures: self.failures,
            open_for: self.open_for,
            max_waiting: self.max_waiting,
            max_pending: self.max_pending_invalidations,
            probe: everything.unwrap_or("#all").into(),
            everything: everything.map(Arc::from),
            counters: Arc::default(),
            log_keys: false,
        }
    }
}

impl Builder {
    /// When a store is left alone: after `failures` in a row, 5 by default. It is then probed in the background, at
    /// once, and after each probe that fails again within `open_for` (1 s by default), earlier if there is a
    /// new connection to it; the first probe that is answered within the [`deadline`](Builder::deadline) ends it.
    ///
    /// Meanwhile a call of a cached function costs what its body costs: it neither sends anything nor waits. Writers still tell
    /// the store what they can without waiting for it, and what it does not confirm is owed: see
    /// [`max_pending_invalidations`](Builder::max_pending_invalidations).
    ///
    /// A failure is an operation that has no answer in time, has no connection, or is told that the server serves
    /// nobody now (`LOADING`, `CLUSTERDOWN`, …). An answer that refuses one operation (`OOM`, `READONLY`) is none.
    pub fn breaker(mut self, failures: u32, open_for: Duration) -> Self {
        self.outage.failures = failures;
        self.outage.open_for = open_for;
        self
    }

    /// How many operations may wait for the store at once: 10,000 by default. Past that a call goes on without the
    /// store, so that one that hangs or cannot keep up does not fill the memory.
    pub fn max_waiting(mut self, operations: usize) -> Self {
        self.outage.max_waiting = operations;
        self
    }

    /// How many keys may wait to be invalidated, because the store has not confirmed it: 100,000 by default. Each
    /// takes some 200 bytes and its name.
    ///
    /// This process does not use what is cached under such a key. Past the bound, a cache with a
    /// [`namespace`](Builder::namespace) gives up all of its entries at once, and nothing is lost but time. One without
    /// gives up the oldest invalidation, which is logged and counted as `dropped_invalidations`: its key may be
    /// served as it was before the write, until its ttl ends it.
    pub fn max_pending_invalidations(mut self, keys: usize) -> Self {
        self.outage.max_pending_invalidations = keys;
        self
    }
}
