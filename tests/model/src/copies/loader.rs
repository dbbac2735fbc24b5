//! A reader of whichever process, that fills what it finds empty. What it fills is no copy.

use std::fmt;

use super::held::{DRAWN, Stored};
use cache_runtime::protocol::{Expected, Nonce, State, Step};

use crate::{
    code::Code,
    state::{self, LIFE, NEVER},
};

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Loader {
    Idle,
    /// About to load, under a lease and the stamp of the tag.
    Holding {
        lease: Expected,
        tag: Nonce,
    },
    /// About to fill.
    Loaded {
        lease: Expected,
        stored: Stored,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum LoaderMove {
    /// It acquires the lease, in the place of a value that is not good, if there is one; and asks for the stamp.
    Acquire,
    Load,
    Fill,
}

impl Loader {
    pub(super) fn nonces(&mut self, mut visit: impl FnMut(&mut Nonce)) {
        match self {
            Loader::Idle => {}
            Loader::Holding { lease, tag } => {
                visit(state::expected(lease));
                visit(tag);
            }
            Loader::Loaded { lease, stored } => {
                visit(state::expected(lease));
                visit(&mut stored.tag);
            }
        }
    }

    /// Forgets a lease that is lost.
    pub(super) fn forget(&mut self) {
        if let Loader::Holding { lease, .. } | Loader::Loaded { lease, .. } = self
            && state::is_lost(*lease)
        {
            *self = Loader::Idle;
        }
    }

    pub(super) fn encode(&self, code: &mut Code) {
        let (tag, version, nonce) = match *self {
            Loader::Idle => (0u8, 0, NEVER),
            Loader::Holding { tag, .. } => (1, 0, tag),
            Loader::Loaded { stored, .. } => (2, stored.version, stored.tag),
        };
        code.put(2, tag);
        code.version(version);
        code.nonce(nonce);
    }
}

/// How a loader acquires the lease of a key in this state.
pub(super) fn acquire(entry: &State<Stored>, good: bool) -> Option<Step<Stored>> {
    match entry {
        State::Vacant => Some(Step::Acquire { token: DRAWN, life: LIFE }),
        State::Value(stamp, _) if !good => {
            Some(Step::Take { stale: Expected::Value(*stamp), token: DRAWN, life: LIFE })
        }
        _ => None,
    }
}

/// The fill of what it has loaded.
pub(super) fn fill(lease: Expected, stored: Stored) -> Step<Stored> {
    Step::Fill { expected: lease, stamp: DRAWN, value: stored, life: LIFE }
}

impl LoaderMove {
    pub(super) const ALL: [LoaderMove; 3] =
        [LoaderMove::Acquire, LoaderMove::Load, LoaderMove::Fill];
}

impl fmt::Display for LoaderMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LoaderMove::Acquire => "acquires the lease",
            LoaderMove::Load => "loads",
            LoaderMove::Fill => "fills",
        })
    }
}
