//! What a flusher has in hand: the last write of each key, and the places of those that it replaced.
//!
//! Everything that was ever taken and is not in the database yet is in one hand. So a batch that comes again,
//! since nobody knows whether it was committed, never has an older value of a row than it had the first time,
//! however it is cut.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use crate::{codec, expiry, policy::Policy, store::queue::Item};

/// The last write of a key.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) item: Item,
    /// The places of all writes of the key, its own last.
    pub(super) seqs: Vec<i64>,
    /// How often it was tried.
    pub(super) attempts: u32,
}

impl Slot {
    /// For how long the value is kept in the cache once it is in the database; not at all where it is larger than the
    /// policy wants to keep.
    pub(super) fn life(&self, policy: &Policy) -> Option<Duration> {
        let entry = self.item.entry.as_ref().filter(|_| !self.is_too_large(policy))?;
        Some(expiry::kept(Duration::from_millis(entry.header().ttl), policy))
    }

    pub(super) fn is_too_large(&self, policy: &Policy) -> bool {
        self.item.entry.as_ref().is_some_and(|entry| codec::is_too_large(entry, &policy.encoding))
    }
}

/// Writes of different keys, in the order in which they were accepted.
#[derive(Debug, Default)]
pub(super) struct Hand {
    slots: BTreeMap<i64, Slot>,
    places: HashMap<Arc<str>, i64>,
}

impl Hand {
    /// Adds writes that came later. Each takes the place of an earlier one of its key.
    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = Item>) {
        for item in items {
            let seq = item.seq;
            let earlier = self.places.insert(Arc::clone(&item.key), seq);
            let earlier = earlier.and_then(|seq| self.slots.remove(&seq));
            let mut seqs = earlier.map(|slot| slot.seqs).unwrap_or_default();
            seqs.push(seq);
            self.slots.insert(seq, Slot { item, seqs, attempts: 0 });
        }
    }

    /// Takes the first so many out of the hand.
    pub(super) fn take(&mut self, most: usize) -> Vec<Slot> {
        let mut taken = Vec::with_capacity(most.min(self.slots.len()));
        while taken.len() < most
            && let Some((_, slot)) = self.slots.pop_first()
        {
            self.places.remove(&slot.item.key);
            taken.push(slot);
        }
        taken
    }

    /// Takes the last one out of the hand.
    pub(super) fn take_last(&mut self) -> Option<Slot> {
        let (_, slot) = self.slots.pop_last()?;
        self.places.remove(&slot.item.key);
        Some(slot)
    }

    /// Puts back what was taken out. Nothing may have been added meanwhile.
    pub(super) fn put_back(&mut self, slots: impl IntoIterator<Item = Slot>) {
        for slot in slots {
            self.places.insert(Arc::clone(&slot.item.key), slot.item.seq);
            self.slots.insert(slot.item.seq, slot);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(seq: i64, key: &str) -> Item {
        Item { seq, key: key.into(), entry: None }
    }

    #[test]
    fn the_last_write_of_a_key_stands_in_its_own_place() {
        let mut hand = Hand::default();
        hand.extend([item(1, "a"), item(2, "b"), item(3, "a")]);
        hand.extend([item(4, "c"), item(5, "b")]);
        let first = hand.take(1);
        hand.put_back(first);
        let slots = hand.take(9);
        let seen: Vec<_> = slots.iter().map(|s| (&*s.item.key, s.item.seq, &s.seqs[..])).collect();
        assert_eq!(seen, [("a", 3, &[1, 3][..]), ("c", 4, &[4]), ("b", 5, &[2, 5])]);
        assert!(hand.is_empty() && hand.places.is_empty());
    }
}
