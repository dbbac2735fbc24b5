//! The settings of a queue.

use std::time::Duration;

use super::WriteBehind;

/// On some platforms a longer lease could not be added to the current time.
const LONGEST_LEASE: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

#[derive(Clone, Copy, Debug)]
pub(super) struct QueueSettings {
    pub(super) batch: usize,
    pub(super) linger: Duration,
    pub(super) capacity: u64,
    pub(super) wait: Duration,
    pub(super) attempts: u32,
    pub(super) patience: Duration,
    pub(super) lease: Duration,
}

impl QueueSettings {
    pub(super) const DEFAULT: QueueSettings = QueueSettings {
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
    /// The most writes that the batch function gets at once: 500 by default.
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

    /// How many writes of all processes together may wait in the queue: 100,000 by default.
    ///
    /// # Panics
    ///
    /// On zero.
    pub fn capacity(mut self, writes: u64) -> Self {
        assert!(writes > 0, "a queue of no capacity would accept nothing");
        self.queue.settings.capacity = writes;
        self
    }

    /// How long a write waits before it fails: 5 s by default. It waits for room in a full queue, and for a store that
    /// acknowledges slowly, for example because it writes its log to a busy disk.
    ///
    /// It never waits less than the [`deadline`](crate::Builder::deadline) of the cache, which bounds operations that
    /// have a fallback; a queued write has none. It does not wait for a store that is known to be unavailable.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.queue.settings.wait = wait;
        self
    }

    /// How often a batch is tried as a whole before it is split: 5 by default.
    ///
    /// # Panics
    ///
    /// On zero.
    pub fn attempts(mut self, attempts: u32) -> Self {
        assert!(attempts > 0, "a batch that is never tried is never flushed");
        self.queue.settings.attempts = attempts;
        self
    }

    /// How long a database that takes nothing at all counts as unavailable: 15 minutes by default. After that, the
    /// writes that it does not take become dead letters.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.queue.settings.patience = patience;
        self
    }

    /// How long after the death of the leading flusher another one takes over: 5 s by default. A living leader renews
    /// its lease; for one that stalls, see [what is not promised](WriteBehind#what-is-not).
    ///
    /// # Panics
    ///
    /// On zero.
    pub fn lease(mut self, lease: Duration) -> Self {
        assert!(!lease.is_zero(), "a lease of zero would protect nothing");
        self.queue.settings.lease = lease.min(LONGEST_LEASE);
        self
    }

    /// This queue, with another ttl for its values.
    pub(crate) fn ttl(mut self, ttl: Duration) -> Self {
        self.queue.policy.ttl = ttl;
        self
    }

    /// This queue, with another fingerprint for its values.
    pub(crate) fn fingerprint(mut self, fingerprint: u64) -> Self {
        self.queue.policy.encoding.fingerprint = fingerprint;
        self
    }
}
