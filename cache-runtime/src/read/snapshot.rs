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

/// Whether an entry is good, as far as the versions of its tags are known.
pub(super) enum Carries {
    Yes,
    No,
    /// Its value names tags that have not been looked at.
    Unknown,
}

/// As [`carries`], of an entry whose value names tags, or of a function whose values do.
#[cold]
pub(super) fn carries_named(
    entry: &Entry,
    tags: &[Option<Nonce>],
    beside: Option<Nonce>,
    seen: &[(String, Option<Nonce>)],
) -> Carries {
    let Some(names) = entry.names() else { return Carries::No };
    let first = tags.iter().copied().chain(beside.map(Some));
    let (all, known) = (entry.tags().len(), tags.len() + usize::from(beside.is_some()));
    if all != known + names.len() || !entry.tags().take(known).map(Some).eq(first) {
        return Carries::No;
    }
    let now = |name: &str| seen.iter().find(|(seen, _)| seen == name).map(|(_, now)| *now);
    let named: Vec<_> = names.into_iter().map(now).zip(entry.tags().skip(known)).collect();
    if named.iter().any(|(now, stamp)| now.is_some_and(|now| now != Some(*stamp))) {
        return Carries::No;
    }
    match named.iter().all(|(now, _)| now.is_some()) {
        true => Carries::Yes,
        false => Carries::Unknown,
    }
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
