//! The leader's buffer: the last write of each key, with the sequence numbers of the writes that it replaced.
//!
//! One buffer holds everything that the leader has taken and that is not in the database yet. A batch can come again,
//! because nobody knows whether it was committed. However it is cut then, no row in it has an older value than it had
//! the first time.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use crate::{codec, expiry, policy::Policy, store::queue::Item};

/// The last write of a key.
#[derive(Debug)]
pub(super) struct BufferedWrite {
    pub(super) item: Item,
    /// The sequence numbers of all writes of the key, its own last.
    pub(super) seqs: Vec<i64>,
    /// How many runs of the batch function had this write in them.
    pub(super) attempts: u32,
}

impl BufferedWrite {
    /// How long the store keeps the value once it is in the database. `None` where it is larger than the policy
    /// allows.
    pub(super) fn store_ttl(&self, policy: &Policy) -> Option<Duration> {
        let entry = self.item.entry.as_ref().filter(|_| !self.is_too_large(policy))?;
        Some(expiry::store_ttl(Duration::from_millis(entry.header().ttl), policy))
    }

    pub(super) fn is_too_large(&self, policy: &Policy) -> bool {
        self.item.entry.as_ref().is_some_and(|entry| codec::is_too_large(entry, &policy.encoding))
    }
}

/// Writes of different keys, in the order in which the queue accepted them.
#[derive(Debug, Default)]
pub(super) struct WriteBuffer {
    writes: BTreeMap<i64, BufferedWrite>,
    /// The sequence number of each key's write.
    seq_of: HashMap<Arc<str>, i64>,
}

impl WriteBuffer {
    /// Adds later writes. Each replaces an earlier one of its key.
    pub(super) fn extend(&mut self, items: impl IntoIterator<Item = Item>) {
        for item in items {
            let seq = item.seq;
            let earlier = self.seq_of.insert(Arc::clone(&item.key), seq);
            let earlier = earlier.and_then(|seq| self.writes.remove(&seq));
            let mut seqs = earlier.map(|write| write.seqs).unwrap_or_default();
            seqs.push(seq);
            self.writes.insert(seq, BufferedWrite { item, seqs, attempts: 0 });
        }
    }

    /// Removes and returns the first `most` writes.
    pub(super) fn take(&mut self, most: usize) -> Vec<BufferedWrite> {
        let mut taken = Vec::with_capacity(most.min(self.writes.len()));
        while taken.len() < most
            && let Some((_, write)) = self.writes.pop_first()
        {
            self.seq_of.remove(&write.item.key);
            taken.push(write);
        }
        taken
    }

    /// Removes and returns the last write.
    pub(super) fn take_last(&mut self) -> Option<BufferedWrite> {
        let (_, write) = self.writes.pop_last()?;
        self.seq_of.remove(&write.item.key);
        Some(write)
    }

    /// Puts back what was taken. Nothing may have been added in between.
    pub(super) fn put_back(&mut self, writes: impl IntoIterator<Item = BufferedWrite>) {
        for write in writes {
            self.seq_of.insert(Arc::clone(&write.item.key), write.item.seq);
            self.writes.insert(write.item.seq, write);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.writes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(seq: i64, key: &str) -> Item {
        Item { seq, key: key.into(), entry: None }
    }

    #[test]
    fn the_last_write_of_a_key_keeps_its_own_sequence_number() {
        let mut buffer = WriteBuffer::default();
        buffer.extend([item(1, "a"), item(2, "b"), item(3, "a")]);
        buffer.extend([item(4, "c"), item(5, "b")]);
        let first = buffer.take(1);
        buffer.put_back(first);
        let writes = buffer.take(9);
        let seen: Vec<_> = writes.iter().map(|w| (&*w.item.key, w.item.seq, &w.seqs[..])).collect();
        assert_eq!(seen, [("a", 3, &[1, 3][..]), ("c", 4, &[4]), ("b", 5, &[2, 5])]);
        assert!(buffer.is_empty() && buffer.seq_of.is_empty());
    }
}
