//! Queues in memory: the same steps as in Redis, under one lock for each store.
//!
//! A write waits in its place until it is in the database, so that a flusher that comes to its end has taken
//! nothing with it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{sync::Notify, time};

use super::MemoryStore;
use crate::{
    entry::Entry,
    protocol::{Expected, Nonce, Reply, State, Step},
    store::queue::{
        DeadLetterOutcome, DeadLetterRequest, Enqueued, Item, Landing, Letter, Names, Replayed,
        Taken,
    },
};

#[derive(Default)]
pub(super) struct Queues(Mutex<HashMap<Arc<str>, Queue>>);

/// What waits under one name.
#[derive(Default)]
struct Queue {
    items: BTreeMap<i64, Item>,
    /// The place that was given last.
    last: i64,
    /// The place of the last one that was taken.
    taken: i64,
    /// The dead letters, in the order of their deaths.
    dead: BTreeMap<u64, Letter>,
    /// Which key has which of them.
    dead_keys: HashMap<Arc<str>, u64>,
    deaths: u64,
    arrivals: Arc<Notify>,
}

impl Queues {
    /// Does something to a queue. Nothing in here panics halfway.
    fn on<T>(&self, names: &Names, act: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(queues.entry(Arc::clone(&names.queue)).or_default())
    }
}

impl Queue {
    fn has_room(&self, capacity: u64) -> Result<(), u64> {
        let queued = self.items.len() as u64;
        if queued < capacity { Ok(()) } else { Err(queued) }
    }

    fn forget(&mut self, key: &str) -> Option<Letter> {
        let dead = self.dead_keys.remove(key)?;
        self.dead.remove(&dead)
    }

    fn letter(&self, id: &str) -> Option<&Letter> {
        self.dead.get(&id.parse().ok()?)
    }

    /// The next place: the time of day in microseconds, and at least one more than the last.
    fn next(&mut self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(since.as_micros()).unwrap_or_default();
        self.last = now.max(self.last + 1);
        self.last
    }
}

impl MemoryStore {
    pub(crate) fn enqueue(
        &self,
        names: &Names,
        key: &str,
        entry: &Entry,
        capacity: u64,
    ) -> Enqueued {
        self.queues.on(names, |queue| match queue.has_room(capacity) {
            Ok(()) => {
                self.accept(queue, key, entry);
                Enqueued::Accepted
            }
            Err(queued) => Enqueued::Full(queued),
        })
    }

    /// While the queue is held: its order is that in which keys become pending.
    fn accept(&self, queue: &mut Queue, key: &str, entry: &Entry) {
        let seq = queue.next();
        let (key, value): (Arc<str>, _) = (key.into(), entry.clone());
        self.run(&key, Step::Pend { stamp: value.stamp(), value });
        // The newer write of a key makes its dead letter a thing of the past.
        queue.forget(&key);
        queue.items.insert(seq, Item { seq, key, entry: Some(entry.clone()) });
        queue.arrivals.notify_one();
    }

    pub(crate) fn queued(&self, names: &Names) -> u64 {
        self.queues.on(names, |queue| queue.items.len() as u64)
    }

    pub(crate) fn ends(&self, names: &Names) -> Option<(i64, i64)> {
        self.queues.on(names, |queue| {
            let first = queue.items.first_key_value();
            let last = queue.items.last_key_value();
            first.zip(last).map(|((first, _), (last, _))| (*first, *last))
        })
    }

    pub(crate) fn take(
        &self,
        names: &Names,
        token: Nonce,
        most: usize,
        again: Option<i64>,
    ) -> Taken {
        let lease = self.run(&names.leader, Step::Read);
        if !matches!(lease, Reply::Found(state) if state.is(Expected::Lease(token))) {
            return Taken::Deposed;
        }
        self.queues.on(names, |queue| {
            let taken = |&seq: &i64| seq <= queue.taken;
            let unfinished = again.map(|from| queue.items.range(from..)).into_iter().flatten();
            let unfinished = unfinished.take_while(|(seq, _)| taken(seq)).take(most + 1);
            let mut items: Vec<Item> = unfinished.map(|(_, item)| item.clone()).collect();
            let more = items.len() > most;
            items.truncate(most);
            if items.is_empty() {
                let new = queue.items.range(queue.taken + 1..).map(|(_, item)| item.clone());
                items.extend(new.take(most));
                queue.taken = items.last().map_or(queue.taken, |item| item.seq);
            }
            Taken::Items { items, more }
        })
    }

    pub(crate) async fn arrival(&self, names: &Names, most: Duration) {
        let arrivals = self
            .queues
            .on(names, |queue| queue.items.is_empty().then(|| Arc::clone(&queue.arrivals)));
        if let Some(arrivals) = arrivals {
            // Nothing has come where the time is over.
            _ = time::timeout(most, arrivals.notified()).await;
        }
    }

    pub(crate) fn land(&self, names: &Names, landings: &[Landing<'_>], fence: Duration) {
        self.queues.on(names, |queue| {
            for Landing { key, stamp, life, seqs } in landings {
                self.run(key, Step::Land { stamp: *stamp, life: *life, fence });
                seqs.iter().for_each(|seq| drop(queue.items.remove(seq)));
            }
        });
    }

    pub(crate) fn dead_letter(
        &self,
        names: &Names,
        request: &DeadLetterRequest<'_>,
        fence: Duration,
    ) -> DeadLetterOutcome {
        let DeadLetterRequest { item, seqs, error, attempts } = *request;
        self.queues.on(names, |queue| {
            let there = queue.items.contains_key(&item.seq);
            seqs.iter().for_each(|seq| drop(queue.items.remove(seq)));
            if !there {
                return DeadLetterOutcome::Gone;
            }
            let stamp = item.stamp();
            if matches!(self.read(&item.key), State::Pending(p) if p.stamp != stamp) {
                return DeadLetterOutcome::Replaced;
            }
            queue.forget(&item.key);
            queue.deaths += 1;
            let (id, error) = (queue.deaths.to_string(), error.to_owned());
            let letter = Letter { id, item: item.clone(), error, attempts };
            queue.dead.insert(queue.deaths, letter);
            queue.dead_keys.insert(Arc::clone(&item.key), queue.deaths);
            self.run(&item.key, Step::Land { stamp, life: None, fence });
            DeadLetterOutcome::Dead
        })
    }

    pub(crate) fn letters(&self, names: &Names, most: usize) -> Vec<Letter> {
        self.queues.on(names, |queue| queue.dead.values().take(most).cloned().collect())
    }

    pub(crate) fn replay(
        &self,
        names: &Names,
        (id, key): (&str, &str),
        stamp: Nonce,
        capacity: u64,
    ) -> Replayed {
        self.queues.on(names, |queue| {
            let entry = queue.letter(id).and_then(|letter| letter.item.entry.clone());
            let Some(entry) = entry else {
                return Replayed::Gone;
            };
            if let Err(queued) = queue.has_room(capacity) {
                return Replayed::Full(queued);
            }
            self.accept(queue, key, &entry.with_stamp(stamp));
            Replayed::Queued
        })
    }

    pub(crate) fn forget(&self, names: &Names, (id, key): (&str, &str)) -> bool {
        self.queues.on(names, |queue| queue.letter(id).is_some() && queue.forget(key).is_some())
    }
}
