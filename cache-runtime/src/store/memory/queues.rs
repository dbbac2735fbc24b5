//! Queues in memory, under one lock for each store.
//!
//! A write keeps its place until it is in the database, so that a flusher that ends loses nothing.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use tokio::sync::Notify;

use crate::store::queue::{Item, Letter, Names};

#[derive(Default)]
pub(super) struct Queues(Mutex<HashMap<Arc<str>, Queue>>);

/// What waits under one name.
#[derive(Default)]
pub(super) struct Queue {
    pub(super) items: BTreeMap<i64, Item>,
    /// The place that was given last.
    pub(super) last: i64,
    /// The place of the last one that was taken.
    pub(super) taken: i64,
    /// The dead letters, oldest first.
    pub(super) dead: BTreeMap<u64, Letter>,
    /// Which key has which of them.
    pub(super) dead_keys: HashMap<Arc<str>, u64>,
    pub(super) deaths: u64,
    pub(super) arrivals: Arc<Notify>,
}

impl Queues {
    /// Runs `act` on a queue. Nothing in here panics halfway.
    pub(super) fn on<T>(&self, names: &Names, act: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(queues.entry(Arc::clone(&names.queue)).or_default())
    }
}

impl Queue {
    pub(super) fn has_room(&self, capacity: u64) -> Result<(), u64> {
        let queued = self.items.len() as u64;
        if queued < capacity { Ok(()) } else { Err(queued) }
    }

    pub(super) fn forget(&mut self, key: &str) -> Option<Letter> {
        let dead = self.dead_keys.remove(key)?;
        self.dead.remove(&dead)
    }

    pub(super) fn letter(&self, id: &str) -> Option<&Letter> {
        self.dead.get(&id.parse().ok()?)
    }

    /// The next place: the time of day in microseconds, and at least one more than the last.
    pub(super) fn next(&mut self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_micros()).unwrap_or_default();
        self.last = now.max(self.last + 1);
        self.last
    }
}
