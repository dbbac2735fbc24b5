//! Which functions have said what they are, for a look that costs a call no more than a load.

use std::{
    ptr,
    sync::atomic::{AtomicU64, Ordering},
};

/// A function of a program, or one kind of call without a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity(u64);

impl Identity {
    /// Of a call that has no key, and so declares nothing.
    pub(crate) const NONE: Identity = Identity(0);

    /// Of a function with an attribute, by what is constant about it.
    pub(crate) fn of_static<T>(site: &'static T) -> Identity {
        Identity(ptr::from_ref(site).addr() as u64)
    }

    /// Of the kind of call that these words name: by where they are, not by what they say.
    pub(crate) fn of_words(words: &[&'static str], numbers: &[u64]) -> Identity {
        let words = words.iter().flat_map(|word| [word.as_ptr().addr() as u64, word.len() as u64]);
        // FNV, by words.
        let mix = |hash: u64, word: u64| {
            (hash ^ word).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23)
        };
        // No address is as high.
        Identity(words.chain(numbers.iter().copied()).fold(0xcbf2_9ce4_8422_2325, mix) | 1 << 63)
    }

    fn slot(self) -> usize {
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % SLOTS
    }
}

const SLOTS: usize = 512;

/// The functions that were looked up last, each in a slot of its own unless two share one.
#[derive(Debug)]
pub(super) struct Seen(Box<[AtomicU64]>);

impl Default for Seen {
    fn default() -> Seen {
        Seen((0..SLOTS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Seen {
    #[inline]
    pub(super) fn has(&self, id: Identity) -> bool {
        self.0[id.slot()].load(Ordering::Relaxed) == id.0
    }

    pub(super) fn note(&self, id: Identity) {
        self.0[id.slot()].store(id.0, Ordering::Relaxed);
    }
}
