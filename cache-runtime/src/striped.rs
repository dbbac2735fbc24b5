//! Lock striping: each key belongs to one of a fixed number of shards, so that different keys rarely contend.

use std::hash::{BuildHasher, RandomState};

/// A power of two, well above the cores of most machines.
const STRIPES: usize = 64;

/// The shards.
pub(crate) struct Striped<T> {
    shards: Box<[T]>,
    /// Seeded at random, so that nobody can choose keys that all fall into one shard.
    hasher: RandomState,
}

impl<T> Striped<T> {
    pub(crate) fn new(make: impl FnMut() -> T) -> Self {
        let shards = std::iter::repeat_with(make).take(STRIPES).collect();
        Striped { shards, hasher: RandomState::new() }
    }

    /// The shard of `key`.
    pub(crate) fn of(&self, key: &str) -> &T {
        let hash = self.hasher.hash_one(key);
        &self.shards[hash as usize % STRIPES]
    }

    /// All shards.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        self.shards.iter()
    }
}
