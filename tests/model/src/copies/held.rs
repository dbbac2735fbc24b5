//! The two keys, and what there is to copy of them.

use cache_runtime::protocol::Nonce;

use crate::{code::Code, row::Version, state};

/// One of the keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Key {
    Entry,
    Tag,
}

/// A value, and the stamp that its tag had before it was loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(super) version: Version,
    pub(super) tag: Nonce,
}

/// What a move may draw for the entry's key, and for the tag's.
pub(super) const DRAWN: Nonce = state::nonce(14);
pub(super) const TAG_DRAWN: Nonce = state::nonce(15);

impl Stored {
    pub(super) fn bits(&self) -> u32 {
        u32::from(self.version) << 3 | u32::from(state::name_of(self.tag))
    }
}

/// What a read has found, as it is copied.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Copied {
    pub(super) found: Found,
    /// For how long it may be served yet.
    pub(super) left: u8,
    /// For how long the server would have kept it, which only the model knows.
    pub(super) truth: u8,
}

/// What is copied: anything else that a key may hold is not.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Found {
    Value(Stored),
    Stamp(Nonce),
}

/// A life that does not end by itself.
pub(super) const FOREVER: u8 = 3;

/// A life gets shorter.
pub(super) fn elapse(life: &mut u8) {
    if *life != FOREVER {
        *life = life.saturating_sub(1);
    }
}

impl Copied {
    pub(super) fn nonce_mut(&mut self) -> &mut Nonce {
        match &mut self.found {
            Found::Value(stored) => &mut stored.tag,
            Found::Stamp(stamp) => stamp,
        }
    }

    pub(super) fn tick(&mut self) {
        elapse(&mut self.left);
        elapse(&mut self.truth);
    }

    /// Which of both it is, its key tells.
    pub(super) fn encode(copied: Option<Copied>, code: &mut Code) {
        code.put(1, copied.is_some());
        let Some(copied) = copied else { return };
        match copied.found {
            Found::Value(stored) => {
                code.version(stored.version);
                code.nonce(stored.tag);
            }
            Found::Stamp(stamp) => code.nonce(stamp),
        }
        let endless = (copied.left, copied.truth) == (FOREVER, FOREVER);
        code.put(1, endless);
        if !endless {
            code.put(2, copied.left);
            code.put(2, copied.truth);
        }
    }
}
