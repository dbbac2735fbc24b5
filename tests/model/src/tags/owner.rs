//! A writer that fences both keys, and leaves a value under the very stamp that it leaves on the tag.

use std::fmt;

use super::keys::Target;
use cache_runtime::protocol::{Expected, Nonce, Step};

use crate::{
    code::Code,
    row::Version,
    state::{HELD, LIFE},
};

/// The writer. It tells each key by itself, and both at once, so that its steps reach them in either order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Owner {
    pub(super) phase: Phase,
    pub(super) entry: Half,
    pub(super) tag: Half,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Phase {
    Ready,
    /// About to settle. It leaves a value if it has heard both fences stand.
    Committed {
        version: Version,
        leaves: bool,
    },
    Gone,
}

/// What it has told one of the keys.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Half {
    Free,
    /// Its fence was `heard` to stand, and has stood ever since if it `promises`.
    Fenced {
        epoch: Nonce,
        heard: bool,
        promises: bool,
    },
    Settled,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum OwnerMove {
    Fence { key: Target, heard: bool },
    Commit,
    Settle { key: Target },
    Die,
}

impl Owner {
    pub(super) const READY: Owner =
        Owner { phase: Phase::Ready, entry: Half::Free, tag: Half::Free };
    pub(super) const GONE: Owner = Owner { phase: Phase::Gone, ..Owner::READY };

    /// What it can do where it is.
    pub(super) fn moves(&self) -> &'static [OwnerMove] {
        use OwnerMove::{Commit, Die, Fence, Settle};
        const ENTRY: Target = Target::Entry;
        const TAG: Target = Target::Tag;
        match self.phase {
            Phase::Ready => &[
                Fence { key: ENTRY, heard: true },
                Fence { key: ENTRY, heard: false },
                Fence { key: TAG, heard: true },
                Fence { key: TAG, heard: false },
                Commit,
                Die,
            ],
            Phase::Committed { .. } => &[Settle { key: ENTRY }, Settle { key: TAG }, Die],
            Phase::Gone => &[],
        }
    }

    /// Whether it has not begun, or does nothing any more.
    pub(super) fn rests(&self) -> bool {
        *self == Owner::READY || *self == Owner::GONE
    }

    /// Whether the tag may yet get its stamp.
    pub(super) fn leaves(&self) -> bool {
        matches!(self.phase, Phase::Committed { leaves: true, .. }) && self.tag != Half::Settled
    }

    pub(super) fn half(&self, key: Target) -> Half {
        match key {
            Target::Entry => self.entry,
            Target::Tag => self.tag,
        }
    }

    pub(super) fn half_mut(&mut self, key: Target) -> &mut Half {
        match key {
            Target::Entry => &mut self.entry,
            Target::Tag => &mut self.tag,
        }
    }

    /// What stood for its fence has expired. While it lives, that does not happen to what it `renews`.
    pub(super) fn lose(&mut self, key: Target, renews: impl Fn(Step<Version>) -> bool) {
        if let Half::Fenced { epoch, promises, .. } = self.half_mut(key) {
            let expected = Expected::Fence(*epoch);
            *promises &= !renews(Step::Renew { expected, life: LIFE });
        }
    }

    pub(super) fn epoch_mut(&mut self, key: Target) -> Option<&mut Nonce> {
        match self.half_mut(key) {
            Half::Fenced { epoch, .. } => Some(epoch),
            Half::Free | Half::Settled => None,
        }
    }

    pub(super) fn encode(&self, code: &mut Code) {
        let (at, version) = match self.phase {
            Phase::Gone => (0_u32, 0),
            Phase::Ready => (1, 0),
            Phase::Committed { version, leaves: false } => (2, version),
            Phase::Committed { version, leaves: true } => (3, version),
        };
        code.put(2, at);
        code.version(version);
        for half in [self.entry, self.tag] {
            code.put(3, half.number());
        }
    }
}

impl Half {
    pub(super) fn is_told(self) -> bool {
        self != Half::Free
    }

    pub(super) fn epoch(self) -> Option<Nonce> {
        match self {
            Half::Fenced { epoch, .. } => Some(epoch),
            Half::Free | Half::Settled => None,
        }
    }

    pub(super) fn is_heard(self) -> bool {
        matches!(self, Half::Fenced { heard: true, .. })
    }

    pub(super) fn promises(self) -> bool {
        matches!(self, Half::Fenced { promises: true, .. })
    }

    fn number(self) -> u32 {
        match self {
            Half::Free => 0,
            Half::Settled => 1,
            Half::Fenced { epoch, heard, promises } => {
                let certainty = u32::from(heard) + u32::from(promises);
                2 + 2 * certainty + u32::from(epoch == HELD)
            }
        }
    }
}

impl fmt::Display for OwnerMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |key: &Target| if *key == Target::Tag { "the tag" } else { "the entry" };
        match self {
            OwnerMove::Fence { key, heard: true } => write!(f, "fences {}", name(key)),
            OwnerMove::Fence { key, heard: false } => {
                write!(f, "fences {}, and the answer is lost", name(key))
            }
            OwnerMove::Commit => f.write_str("commits"),
            OwnerMove::Settle { key } => write!(f, "settles {}", name(key)),
            OwnerMove::Die => f.write_str("dies"),
        }
    }
}
