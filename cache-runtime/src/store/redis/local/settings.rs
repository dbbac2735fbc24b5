//! How many local copies there are, and for how long they are believed.

use std::time::Duration;

/// The settings of local copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LocalSettings {
    /// The bytes that all copies may take.
    pub(crate) capacity: u64,
    /// How long a copy is served without an answer of its server.
    pub(crate) lease: Duration,
    /// Whether writers wait until no process can serve a copy from before their fences.
    pub(crate) strict: bool,
    /// Whether there are copies.
    pub(crate) enabled: bool,
    /// How long a look waits for an answer over a connection for copies, before it does without.
    pub(crate) patience: Duration,
}

impl LocalSettings {
    pub(crate) const DEFAULT: LocalSettings = LocalSettings {
        capacity: 64 << 20,
        lease: Duration::from_millis(200),
        strict: false,
        enabled: true,
        patience: Duration::from_millis(50),
    };

    /// Where servers stand in for each other, an answer only counts if its server was confirmed to be the master so lately.
    pub(in crate::store::redis) const CONFIRMED: Duration = Duration::from_secs(2);

    /// How old a lease is when it is renewed, if its copies are in use.
    pub(in crate::store::redis) fn renewal(&self) -> Duration {
        self.lease / 3
    }

    /// How long a writer waits in strict mode, from the answer to its step: all copies from before it are out of this lease
    /// by then. Clocks may run at rates that differ by a hundredth.
    pub(in crate::store::redis) fn wait_for(lease: Duration) -> Duration {
        lease + lease / 100 + Duration::from_millis(5)
    }
}
