//! What the embedded store keeps until others push it out: values, and the stamps of tags, bounded by their bytes.
//!
//! Each of the two is a `quick_cache`. A new entry begins in a probation queue. One that is read again moves to the main
//! queue, and so does one that comes back soon after it was pushed out. Every entry is admitted, and none is refused but one
//! that is larger than the main queue. The cache knows nothing of time: an expired entry is removed when it is seen, and by
//! a sweep now and then.

use std::{
    hash::RandomState,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use quick_cache::{
    OptionsBuilder, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use tokio::time::Instant;

use super::{limits::Limits, timed::Timed};
use crate::entry::Entry;

/// What an entry takes besides its key and its bytes: its places in a table and in a queue, reference counts, and what
/// the allocator rounds up.
const OVERHEAD: u64 = 256;

/// What is remembered of an entry that was pushed out takes so many bytes.
const GHOST: u64 = 128;

/// One such memory is kept for so many bytes of the store.
const BYTES_PER_GHOST: u64 = 2048;

/// The probation queue has this part of the room, or more in a small store: what was stored last stays until so much
/// is stored after it, even if nobody reads it.
const PROBATION_PART: u64 = 10;
const PROBATION_BYTES: u64 = 1 << 20;
const PROBATION_VALUES: u64 = 512;

/// A shard has room for at least this much, if the store has it. An entry that does not fit into a shard's main queue is
/// not kept.
const SHARD_BYTES: u64 = 16 << 20;
const SHARD_VALUES: u64 = 512;

/// The room of stamps grows by this part of all bytes, as they need it, up to the other part.
const STAMPS_STEP: u64 = 16;
const STAMPS_MOST: u64 = 2;

/// So many insertions may pass before anybody looks whether a sweep is due.
const LOOK: u64 = 64;

/// Expired entries are swept away this long after the last sweep, or as soon as as many have been inserted as were left.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Values and stamps, each in a room of its own, so that neither pushes the other out.
pub(super) struct Bounded {
    values: Room,
    stamps: Room,
    /// What both have together.
    bytes: u64,
    /// How much of that is the stamps'. It only grows.
    stamp_bytes: Mutex<u64>,
    /// How many entries have been inserted since the last sweep.
    inserted: AtomicU64,
    last_sweep: Mutex<Sweep>,
}

type Room = Cache<Arc<str>, Timed<Entry>, Weight, RandomState>;

struct Sweep {
    at: Instant,
    /// How many entries it has left.
    left: u64,
}

/// Weighs an entry, in bytes.
#[derive(Clone)]
struct Weight {
    /// No entry weighs less.
    least: u64,
}

impl Weighter<Arc<str>, Timed<Entry>> for Weight {
    fn weight(&self, key: &Arc<str>, timed: &Timed<Entry>) -> u64 {
        weight(key, timed).max(self.least)
    }
}

fn weight(key: &str, timed: &Timed<Entry>) -> u64 {
    // A value that has been decoded takes about as much as its encoding.
    let forms = 1 + usize::from(timed.held.decoded().is_some());
    (key.len() + timed.held.bytes().len() * forms) as u64 + OVERHEAD
}

impl Bounded {
    pub(super) fn new(Limits { max_bytes, max_values }: Limits) -> Self {
        let max_values = max_values.unwrap_or(u64::MAX);
        let ghosts = (max_bytes / BYTES_PER_GHOST).min(max_values.saturating_add(max_values / 2));
        let bytes = max_bytes - ghosts * GHOST;
        let stamp_bytes = bytes / STAMPS_STEP;
        let value_bytes = bytes - stamp_bytes;
        // If their number is bounded, each takes as much as leaves room for no more than that.
        let least = value_bytes / max_values;
        let probation = (value_bytes / PROBATION_PART)
            .max(PROBATION_BYTES)
            .max(least.saturating_mul(PROBATION_VALUES))
            .min(value_bytes / 2)
            // A store of one value has it in the main queue.
            .min(value_bytes - least);
        let main = 1.0 - probation as f64 / value_bytes as f64;
        // It has to fit into the main queue.
        let most = value_bytes - probation;
        let least = least.min(most - most / 1024);
        let most_shards = max_values / SHARD_VALUES;
        Bounded {
            values: room(value_bytes, main, ghosts, most_shards, Weight { least }),
            stamps: room(bytes / STAMPS_MOST, main, 0, u64::MAX, Weight { least: 0 }),
            bytes,
            stamp_bytes: Mutex::new(stamp_bytes),
            inserted: AtomicU64::new(0),
            last_sweep: Mutex::new(Sweep { at: Instant::now(), left: 0 }),
        }
    }

    /// The value or stamp under `key`, if it has not expired at `now`.
    pub(super) fn get(&self, key: &str, now: Instant) -> Option<Timed<Entry>> {
        let (room, timed) = match self.values.get(key) {
            Some(timed) => (&self.values, timed),
            None => (&self.stamps, self.stamps.get(key)?),
        };
        if timed.stands(now) {
            return Some(timed);
        }
        // Somebody may have put another entry in its place.
        room.remove_if(key, |timed| !timed.stands(now));
        None
    }

    /// Keeps a value or stamp in the place of any other that is under `key`. False where it is too large to be kept.
    pub(super) fn insert(&self, key: &str, timed: Timed<Entry>) -> bool {
        self.inserted.fetch_add(1, Relaxed);
        let key: Arc<str> = key.into();
        if timed.held.is_stamp_only() {
            self.values.remove(&key);
            if !self.stamps.contains_key(&key) {
                self.make_room(self.stamps.weight() + weight(&key, &timed));
            }
            self.stamps.insert(key, timed);
            return true;
        }
        self.stamps.remove_if(&key, |_| true);
        let may_be_too_large = weight(&key, &timed) > self.values.shard_capacity() / 4;
        if !may_be_too_large {
            self.values.insert(key, timed);
            return true;
        }
        self.values.insert(Arc::clone(&key), timed);
        self.values.contains_key(&key)
    }

    pub(super) fn remove(&self, key: &str) {
        if self.values.remove(key).is_none() {
            self.stamps.remove(key);
        }
    }

    /// Removes the expired entries now and then, so that those that nobody asks for do not stay for ever in a store that
    /// is not full.
    pub(super) fn sweep(&self, now: Instant) {
        let inserted = self.inserted.load(Relaxed);
        if inserted < LOOK {
            return;
        }
        // Whoever holds the lock sweeps.
        let Ok(mut last) = self.last_sweep.try_lock() else { return };
        if inserted < last.left && now.saturating_duration_since(last.at) < SWEEP_EVERY {
            return;
        }
        self.inserted.store(0, Relaxed);
        for room in [&self.values, &self.stamps] {
            room.retain(|_, timed| timed.stands(now));
        }
        *last = Sweep { at: now, left: self.len() };
    }

    /// Gives so many bytes to the stamps, if they may have them.
    fn make_room(&self, needed: u64) {
        let mut given = self.stamp_bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.bytes / STAMPS_MOST;
        if needed > *given && *given < most {
            let step = (self.bytes / STAMPS_STEP).max(1);
            *given = needed.next_multiple_of(step).min(most);
            self.values.set_capacity(self.bytes - *given);
        }
    }

    fn len(&self) -> u64 {
        (self.values.len() + self.stamps.len()) as u64
    }

    /// How many values there are, and the bytes of everything.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, u64) {
        let weigh = |room: &Room| room.iter().map(|(key, timed)| weight(&key, &timed)).sum::<u64>();
        (self.values.len(), weigh(&self.values) + weigh(&self.stamps))
    }
}

fn room(bytes: u64, main: f64, ghosts: u64, most_shards: u64, weight: Weight) -> Room {
    let cores = thread::available_parallelism().map_or(4, usize::from) as u64;
    let shards = (cores * 4).min(bytes / SHARD_BYTES).min(most_shards).max(1);
    // The shards are made a power of two, and must not be made more.
    let shards = 1_u64 << shards.ilog2();
    // This says how many ghosts there are, and that no shard is left out: each should have 32 items.
    let items = ghosts.max(32 * shards);
    let options = OptionsBuilder::new()
        .shards(shards as usize)
        .weight_capacity(bytes)
        .estimated_items_capacity(usize::try_from(items).unwrap_or(usize::MAX))
        .ghost_allocation(1.0)
        .hot_allocation(main)
        .build();
    let options = options.expect("both capacities are set");
    Cache::with_options(options, weight, RandomState::new(), DefaultLifecycle::default())
}

#[cfg(test)]
mod tests;
