//! What a look into the store finds, and whether it may be served.

use crate::{
    entry::Entry,
    expiry::{Age, age},
    policy::Policy,
    protocol::Nonce,
    time::Clock,
};

/// A value that was found.
pub(super) struct Hit {
    pub(super) entry: Entry,
    pub(super) age: Age,
    /// It waits to be written behind: it is newer than what the source holds.
    pub(super) pending: bool,
}

impl Hit {
    /// Whether this is one of the hits that are loaded all the same.
    pub(super) fn is_audited(&self, policy: &Policy) -> bool {
        let part = policy.audit;
        self.age == Age::Fresh
            && !self.pending
            && !part.is_zero()
            && fastrand::f64() < part.as_f64()
    }
}

/// Whether `entry` was loaded under the versions that its tags have now, and under the entry that it stands beside. A
/// version is never used twice, so none of the tags has been invalidated since.
pub(super) fn carries(entry: &Entry, tags: &[Option<Nonce>], beside: Option<Nonce>) -> bool {
    let expected = tags.iter().copied().chain(beside.map(Some));
    entry.tags().map(Some).eq(expected)
}

/// The age of an entry now.
pub(super) fn age_now(entry: &Entry, policy: &Policy, clock: Clock) -> Age {
    let header = entry.header();
    match (header.graceful, policy.refresh_ahead) {
        // Most entries: no clock is needed.
        (false, None) => Age::Fresh,
        _ => age(&header, policy, clock.now_ms(), fastrand::f64),
    }
}
