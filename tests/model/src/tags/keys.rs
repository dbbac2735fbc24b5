//! The two keys: which is meant, what the entry's holds, and the stamps of the tag's that have names of their own.

use cache_runtime::protocol::Nonce;

use crate::{code::Code, row::Version, state};

/// One of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    Tag,
    Entry,
}

/// A value, and the stamp that its tag had before it was loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(super) version: Version,
    pub(super) tag: Nonce,
}

/// The stamp that an owner is going to leave.
pub(super) const OWN: Nonce = state::nonce(6);

/// The stamp that comes back where stamps are counted.
pub(super) const RETURNING: Nonce = state::nonce(7);

impl Stored {
    pub(super) fn encode(self, code: &mut Code) {
        code.version(self.version);
        code.nonce(self.tag);
    }

    pub(super) fn bits(&self) -> u32 {
        u32::from(self.version) << 3 | u32::from(state::name_of(self.tag))
    }
}
