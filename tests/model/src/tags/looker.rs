//! A caller that looks at the tag first, and at the entry then.

use cache_runtime::protocol::Nonce;

use crate::{code::Code, row::Version, state::NEVER};

/// It has read the tag, and reads the entry next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Looker {
    pub(super) stamp: Nonce,
    /// What was in force when it called.
    pub(super) called: Version,
}

impl Looker {
    pub(super) fn encode(looker: Option<Looker>, code: &mut Code) {
        code.nonce(looker.map_or(NEVER, |looker| looker.stamp));
        code.version(looker.map_or(0, |looker| looker.called));
    }
}
