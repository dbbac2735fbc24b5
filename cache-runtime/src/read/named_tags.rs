//! What a call knows of tags that values name.

use crate::protocol::Nonce;

/// What a call knows of tags that values name, by their stored names.
#[derive(Default)]
pub(super) struct NamedTags {
    /// Those of values that were found, and the versions that they have had since before any load.
    pub(super) seen: Vec<(String, Option<Nonce>)>,
    /// Those of loaded values whose versions are older than the load.
    pub(super) learned: Vec<(String, Nonce)>,
}

impl NamedTags {
    /// Those of values that were found.
    pub(super) fn seen(seen: Vec<(String, Option<Nonce>)>) -> Self {
        NamedTags { seen, ..NamedTags::default() }
    }

    /// The versions of the tags that a loaded value names, if each is older than the load.
    pub(super) fn versions(&self, names: &[String]) -> Option<Vec<Nonce>> {
        let version = |name: &String| self.learned.iter().find(|(known, _)| known == name);
        names.iter().map(|name| version(name).map(|(_, version)| *version)).collect()
    }
}
