//! What the user of a queue decides about it.

use std::time::Duration;

use super::WriteBehind;

/// A lease that is longer could not be added to the present time everywhere.
const LONGEST_LEASE: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) batch: usize,
    pub(super) linger: Duration,
    pub(super) capacity: u64,
    pub(super) wait: Duration,
    pub(super) attempts: u32,
    pub(super) patience: Duration,
    pub(super) lease: Duration,
}

impl Settings {
    pub(super) const DEFAULT: Settings = Settings {
        batch: 500,
        linger: Duration::from_millis(50),
        capacity: 100_000,
        wait: Duration::from_secs(5),
        attempts: 5,
        patience: Duration::from_secs(15 * 60),
        lease: Duration::from_secs(5),
    };
}

impl<T> WriteBehind<T> {
    /// How many writes the batch function gets at once, at most: 500 by default.
    ///
    /// # Panics
    ///
    /// On zero.
    pub fn batch(mut self, writes: usize) -> Self {
        assert!(writes > 0, "a batch of zero writes would flush nothing");
        self.queue.settings.batch = writes;
        self
    }

    /// How long the first write of a batch waits for others to join it: 50 ms by default.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.queue.settings.linger = linger;
        self
    }

    /// How many writes may wait, in all processes together: 100,000 by default.
    ///
    /// # Panics
    ///
    /// On zero.
    pub fn capacity(mut self, writes: u64) -> Self {
        assert!(writes > 0, "a queue of no capacity would accept nothing");
        self.queue.settings.capacity = writes;
        self
    }

    /// How long a write waits before it fails, be it for room in a full queue or for a store that is slow to
    /// acknowledge it, as one is that writes its log to a busy disk: 5 s by default. It is never less than the
    /// [`deadline`](crate::Builder::deadline) of the cache, which bounds what has a fallback; a queued write has none.
    /// A store that is known to be away is not waited for.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.queue.settings.wait = wait;
        self
    }

    /// How often a batch is tried as a whole before it is taken apart: 5 by default.
    ///
    /// # Panics
    ///
    /// On zero.
    pub fn attempts(mut self, attempts: u32) -> Self {
        assert!(attempts > 0, "a batch that is never tried is never flushed");
        self.queue.settings.attempts = attempts;
        self
    }

    /// For how long a database that takes nothing at all is thought to be away: 15 minutes by default. What
    /// cannot be written then becomes dead letters.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.queue.settings.patience = patience;
        self
    }

    /// How long after a flusher's death another one takes its place: 5 s by default. One that lives renews its
    /// lease; see [what is not promised](WriteBehind#what-is-not) of one that stalls.
    ///
    /// # Panics
    ///
    /// On zero.
    pub fn lease(mut self, lease: Duration) -> Self {
        assert!(!lease.is_zero(), "a lease of zero would protect nothing");
        self.queue.settings.lease = lease.min(LONGEST_LEASE);
        self
    }

    /// This queue with another time to live of its values.
    pub(crate) fn ttl(mut self, ttl: Duration) -> Self {
        self.queue.policy.ttl = ttl;
        self
    }

    /// This queue with values of another fingerprint.
    pub(crate) fn fingerprint(mut self, fingerprint: u64) -> Self {
        self.queue.policy.encoding.fingerprint = fingerprint;
        self
    }
}
