//! States as numbers, of which a search remembers millions.

use super::{
    row::{Row, Version},
    state::{self, NEVER},
};
use cache_runtime::protocol::{Expected, Nonce, State};

/// How many bits a model needs for some numbers.
#[derive(Clone, Copy)]
pub(super) struct Widths {
    pub(super) version: u32,
    pub(super) nonce: u32,
}

/// Packs small numbers, each into as many bits as it may need.
#[derive(Clone, Copy)]
pub(super) struct Code {
    bits: u128,
    used: u32,
    widths: Widths,
}

impl Code {
    pub(super) fn new(widths: Widths) -> Code {
        Code { bits: 0, used: 0, widths }
    }

    pub(super) fn put(&mut self, width: u32, number: impl Into<u32>) {
        let number = number.into();
        debug_assert!(number < 1 << width, "{number} needs more than {width} bits");
        self.bits |= u128::from(number) << self.used;
        self.used += width;
    }

    pub(super) fn version(&mut self, version: Version) {
        self.put(self.widths.version, version);
    }

    pub(super) fn nonce(&mut self, nonce: Nonce) {
        self.put(self.widths.nonce, state::name_of(nonce));
    }

    pub(super) fn expected(&mut self, mut expected: Expected) {
        self.put(1, matches!(expected, Expected::Value(_)));
        self.nonce(*state::expected(&mut expected));
    }

    pub(super) fn row(&mut self, row: &Row) {
        [row.version, row.in_force, row.kept].into_iter().for_each(|version| self.version(version));
    }

    /// A key, whose values need so many bits.
    pub(super) fn key<V>(&mut self, key: &State<V>, width: u32, value: impl Fn(&V) -> u32) {
        let (tag, nonce, rest) = match key {
            State::Vacant => (0, NEVER, 0),
            State::Value(stamp, held) => (1, *stamp, value(held)),
            State::Leased(token) => (2, *token, 0),
            State::Fenced(fence) => (3 + u32::from(fence.contended), fence.epoch, fence.writers),
            State::Pending(p) => (5 + u32::from(p.contended), p.stamp, value(&p.value)),
            State::Unreadable | State::Void(_) => {
                unreachable!("the actors write what they can read")
            }
        };
        self.put(3, tag);
        self.nonce(nonce);
        self.put(width.max(2), rest);
    }

    /// Puts parts that are interchangeable: the same for all their orders.
    pub(super) fn unordered<T, const N: usize>(
        &mut self,
        parts: &[T; N],
        encode: impl Fn(&T, &mut Code),
    ) {
        let mut codes = [Code::new(self.widths); N];
        for (at, part) in parts.iter().enumerate() {
            encode(part, &mut codes[at]);
        }
        // There are two or three of them, and this is all that an unoptimised build needs for those.
        for last in (1..N).rev() {
            for at in 0..last {
                if codes[at].bits > codes[at + 1].bits {
                    codes.swap(at, at + 1);
                }
            }
        }
        for part in &codes {
            self.bits |= part.bits << self.used;
            self.used += part.used;
        }
    }

    /// What has been put.
    pub(super) fn bits(&self) -> u128 {
        assert!(self.used <= 128, "a state needs more bits than there are");
        self.bits
    }
}
