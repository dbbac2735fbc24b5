//! What a look into the store finds under a key and its tags.

use crate::{
    entry::Entry,
    error::Error,
    expiry::{Age, age},
    guard::Guard,
    policy::Policy,
    protocol::{Nonce, Pending, State},
    tag_version::stamp,
    time::now_ms,
};

/// A key's state, and the stamps of the tags that its entry has to carry: none for one that is fenced or has
/// no stamp now.
pub(crate) struct Seen {
    pub(crate) state: State<Entry>,
    pub(crate) stamps: Vec<Option<Nonce>>,
}

/// A value that a look into the store has found.
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

impl Seen {
    /// Looks at `key` and `tags` in one round trip. They may be seen at different moments: what is found good was
    /// good at the moment when the entry was read or at that when its tag was, and both are within the call.
    pub(crate) async fn look(guard: &Guard, key: &str, tags: &[&str]) -> Result<Seen, Error> {
        if tags.is_empty() {
            return Ok(Seen { state: guard.read(key).await?, stamps: Vec::new() });
        }
        let keys: Vec<&str> = std::iter::once(key).chain(tags.iter().copied()).collect();
        let mut states = guard.read_many(&keys).await?.into_iter();
        let state = states.next().unwrap_or(Ok(State::Vacant))?;
        // Without one of its tags nobody can say whether an entry is good.
        let stamps = states.map(|tag| Ok(stamp(&tag?))).collect::<Result<_, Error>>()?;
        Ok(Seen { state, stamps })
    }

    /// The value, if there is one that no tag has invalidated. What is to be written behind is newer than
    /// anything that could.
    pub(crate) fn good(self) -> Option<Entry> {
        match self.state {
            State::Value(_, entry) if carries(&entry, &self.stamps) => Some(entry),
            State::Pending(Pending { value, .. }) => Some(value),
            _ => None,
        }
    }
}

/// Whether `entry` was loaded under the very stamps that its tags have now. A stamp is never used twice, so
/// none of the tags has been invalidated since.
pub(crate) fn carries(entry: &Entry, stamps: &[Option<Nonce>]) -> bool {
    entry.tags().map(Some).eq(stamps.iter().copied())
}

/// The age of an entry now.
pub(super) fn age_now(entry: &Entry, policy: &Policy) -> Age {
    let header = entry.header();
    match (header.graceful, policy.refresh_ahead) {
        // Most entries: nobody need ask what time it is.
        (false, None) => Age::Fresh,
        _ => age(&header, policy, now_ms(), fastrand::f64),
    }
}
