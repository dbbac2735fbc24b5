//! States as numbers, of which a search remembers millions.

use super::{
    flight,
    world::{NEVER, Version},
};
use crate::protocol::{Expected, Nonce, State};

/// Packs small numbers, each into as many bits as it may need.
#[derive(Default)]
pub(super) struct Code {
    bits: u128,
    used: u32,
}

impl Code {
    pub(super) const EXPECTED: u32 = 1 + 4;

    pub(super) fn put(&mut self, width: u32, number: impl Into<u32>) {
        let number = number.into();
        debug_assert!(number < 1 << width, "{number} needs more than {width} bits");
        self.bits |= u128::from(number) << self.used;
        self.used += width;
    }

    pub(super) fn nonce(&mut self, nonce: Nonce) {
        self.put(4, nonce.0[0]);
    }

    pub(super) fn expected(&mut self, mut expected: Expected) {
        self.put(1, matches!(expected, Expected::Value(_)));
        self.nonce(*flight::nonce_mut(&mut expected));
    }

    pub(super) fn key(&mut self, key: &State<Version>) {
        let (tag, nonce, rest) = match key {
            State::Vacant => (0, NEVER, 0),
            State::Value(stamp, version) => (1, *stamp, u32::from(*version)),
            State::Leased(token) => (2, *token, 0),
            State::Fenced(fence) => (3 + u32::from(fence.contended), fence.epoch, fence.writers),
            State::Pending(_) | State::Unreadable => {
                unreachable!("the actors write what they can read")
            }
        };
        self.put(3, tag);
        self.nonce(nonce);
        self.put(2, rest);
    }

    pub(super) fn finish(self) -> u128 {
        assert!(self.used <= 128, "a state needs more bits than there are");
        self.bits
    }
}
