//! The steps of a queue in memory: the same as in Redis.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{entries::MemoryStore, queues::Queue};
use crate::{
    entry::Entry,
    protocol::{Expected, Nonce, Reply, State, Step},
    store::queue::{
        DeadLetterOutcome, DeadLetterRequest, Enqueued, Item, Landing, Letter, Names, Replayed,
        Taken,
    },
};

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

    /// The queue stays locked, so that its order is that in which keys become pending.
    fn accept(&self, queue: &mut Queue, key: &str, entry: &Entry) {
        let seq = queue.next();
        let (key, value): (Arc<str>, _) = (key.into(), entry.clone());
        self.run(&key, Step::Pend { stamp: value.stamp(), value });
        // The newer write of a key replaces its dead letter.
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
            // Where the time is over, nothing has come.
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
