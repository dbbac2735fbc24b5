//! What a look into the store finds under a key and its tags.

use crate::{
    entry::Entry,
    error::Error,
    guard::Guard,
    protocol::{Nonce, Pending, State},
    stamps::stamp,
};

/// A key's state, and the stamps of the tags that its entry has to carry: none for one that is fenced or has
/// no stamp now.
pub(crate) struct Seen {
    pub(crate) state: State<Entry>,
    pub(crate) stamps: Vec<Option<Nonce>>,
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
