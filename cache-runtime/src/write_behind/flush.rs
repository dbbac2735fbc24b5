//! Batches on their way to the database: tried again, taken apart if they have to be, and put where they belong.

use std::{collections::VecDeque, time::Duration};

use tokio::{task::JoinHandle, time::Instant};

use super::{
    Settings,
    batch_fn::Undecodable,
    buffer::Slot,
    flusher::{End, TROUBLE},
    leader::Term,
};
use crate::{
    store::queue::{Burial, Buried, Landing},
    time::jittered,
};

/// The pause after a failure, doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// So many runs in a row that fail are enough to say that the database takes nothing.
const PROBES: u32 = 32;

/// What a run of the batch function came to.
enum Outcome {
    Written,
    Failed(String),
    /// One of the values could not be read, and nothing was tried.
    Unreadable(Undecodable),
}

impl Term<'_> {
    /// Brings all that is in hand to the database or to the dead letters, however long that takes.
    pub(super) async fn flush(&mut self) -> Result<(), End> {
        let Settings { batch, attempts, patience, .. } = self.worker.queue.settings;
        let (mut began, mut failures, mut pause) = (Instant::now(), 0, FIRST_PAUSE);
        while !self.hand.is_empty() {
            let mut slots = self.hand.take(batch);
            match self.write(&mut slots).await? {
                Outcome::Written => {
                    self.land(&slots).await?;
                    (began, failures, pause) = (Instant::now(), 0, FIRST_PAUSE);
                    continue;
                }
                Outcome::Unreadable(Undecodable { at, error }) => {
                    self.bury(&slots.remove(at), &error).await?;
                    self.hand.put_back(slots);
                    continue;
                }
                Outcome::Failed(_) => failures += 1,
            }
            if failures % attempts == 0 {
                let for_good = began.elapsed() >= patience;
                let written;
                (slots, written) = self.isolate(slots, for_good).await?;
                if written {
                    (began, failures, pause) = (Instant::now(), 0, FIRST_PAUSE);
                }
                if slots.is_empty() {
                    continue;
                }
                self.hand.put_back(slots);
                // What has come meanwhile may show whether the database works.
                if self.another_is_written().await? {
                    // So it is these that it refuses.
                    let slots = self.hand.take(batch);
                    self.isolate(slots, true).await?;
                    (began, failures, pause) = (Instant::now(), 0, FIRST_PAUSE);
                    continue;
                }
                self.top_up(Duration::ZERO).await?;
            } else {
                self.hand.put_back(slots);
            }
            let paused = self.worker.pause(jittered(pause));
            self.leadership.during(paused).await.ok_or(End::Over)??;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    /// Where the hand is full of what is refused, one write more shows whether the database takes any.
    async fn another_is_written(&mut self) -> Result<bool, End> {
        let full = self.hand.len();
        if full < self.worker.queue.settings.batch {
            return Ok(false);
        }
        let (items, _) = self.take(1, None).await?;
        self.hand.extend(items);
        if self.hand.len() == full {
            // There is none, or it is a later one of a key that is in hand.
            return Ok(false);
        }
        let mut last: Vec<Slot> = self.hand.take_last().into_iter().collect();
        match self.write(&mut last).await? {
            Outcome::Written => {
                self.land(&last).await?;
                return Ok(true);
            }
            Outcome::Failed(_) => self.hand.put_back(last),
            Outcome::Unreadable(Undecodable { at, error }) => {
                self.bury(&last.remove(at), &error).await?;
            }
        }
        Ok(false)
    }

    /// Takes a failing batch apart: halves, and halves of those that fail, until what fails fails alone.
    ///
    /// If nothing at all can be written, the database is thought to be away, and the batch is given back whole,
    /// unless it is `for_good`. If something can, what fails alone once more becomes a dead letter. Says whether
    /// something could.
    async fn isolate(
        &mut self,
        batch: Vec<Slot>,
        for_good: bool,
    ) -> Result<(Vec<Slot>, bool), End> {
        let mut parts = VecDeque::from([batch]);
        halve(&mut parts);
        let (mut refused, mut untried, mut written, mut runs) = (vec![], vec![], false, 0);
        while let Some(mut part) = parts.pop_front() {
            if !written && !for_good && runs == PROBES {
                untried.extend(part);
                continue;
            }
            runs += 1;
            match self.write(&mut part).await? {
                Outcome::Written => {
                    self.land(&part).await?;
                    written = true;
                }
                Outcome::Failed(_) if part.len() == 1 => refused.extend(part),
                Outcome::Failed(_) => {
                    parts.push_front(part);
                    halve(&mut parts);
                }
                Outcome::Unreadable(Undecodable { at, error }) => {
                    self.bury(&part.remove(at), &error).await?;
                    parts.extend(Some(part).filter(|part| !part.is_empty()));
                }
            }
        }
        if !written && !for_good {
            refused.append(&mut untried);
            return Ok((refused, false));
        }
        refused.sort_unstable_by_key(|slot| slot.item.seq);
        for slot in refused {
            let mut alone = [slot];
            match self.write(&mut alone).await? {
                Outcome::Written => {
                    self.land(&alone).await?;
                    written = true;
                }
                Outcome::Failed(error) | Outcome::Unreadable(Undecodable { error, .. }) => {
                    self.bury(&alone[0], &error).await?;
                }
            }
        }
        Ok((Vec::new(), written))
    }

    /// Runs the batch function, if this process still leads.
    async fn write(&mut self, slots: &mut [Slot]) -> Result<Outcome, End> {
        let confirmed = self.leadership.confirm();
        if !self.worker.unless_stopped(confirmed).await? {
            return Err(End::Over);
        }
        let mut run = match (self.worker.sink)(slots) {
            Ok(write) => Run(tokio::spawn(write)),
            Err(undecodable) => return Ok(Outcome::Unreadable(undecodable)),
        };
        slots.iter_mut().for_each(|slot| slot.attempts += 1);
        let counters = &self.worker.queue.counters;
        let written = match self.leadership.during(&mut run.0).await {
            Some(Ok(written)) => written,
            Some(Err(panic)) => Err(format!("the batch function did not end: {panic}")),
            // Somebody else may be at the same rows by now.
            None => return Err(End::Over),
        };
        match written {
            Ok(()) => {
                counters.batches.add_one();
                Ok(Outcome::Written)
            }
            Err(error) => {
                let (queue, writes) = (&*self.worker.queue.names.title, slots.len());
                tracing::warn!(queue, writes, error, "a batch could not be written");
                counters.batch_failures.add_one();
                Ok(Outcome::Failed(error))
            }
        }
    }

    /// Takes what is in the database out of the queue. That has to get through: it would be written again.
    async fn land(&mut self, slots: &[Slot]) -> Result<(), End> {
        let worker = self.worker;
        let (queue, fence) = (&worker.queue, worker.queue.inner.fence_life);
        let landings: Vec<_> = slots
            .iter()
            .map(|slot| Landing {
                key: &slot.item.key,
                stamp: slot.item.stamp(),
                life: slot.life(&queue.policy),
                seqs: &slot.seqs,
            })
            .collect();
        while let Err(error) = self.source.land(&queue.names, &landings, fence).await {
            tracing::warn!(queue = &*queue.names.title, %error, "a flush is not acknowledged yet");
            queue.counters.store_errors.add_one();
            worker.pause(jittered(TROUBLE)).await?;
        }
        let all: usize = slots.iter().map(|slot| slot.seqs.len()).sum();
        queue.counters.flushed.add(slots.len() as u64);
        queue.counters.replaced.add((all - slots.len()) as u64);
        let too_large = slots.iter().filter(|slot| slot.is_too_large(&queue.policy));
        queue.counters.too_large.add(too_large.count() as u64);
        Ok(())
    }

    /// Makes what the database refuses a dead letter.
    async fn bury(&mut self, slot: &Slot, error: &str) -> Result<(), End> {
        let worker = self.worker;
        let (queue, fence) = (&worker.queue, worker.queue.inner.fence_life);
        let burial = Burial { item: &slot.item, seqs: &slot.seqs, error, attempts: slot.attempts };
        let buried = loop {
            match self.source.bury(&queue.names, &burial, fence).await {
                Ok(buried) => break buried,
                Err(error) => {
                    tracing::warn!(queue = &*queue.names.title, %error, "a dead letter is not kept yet");
                    queue.counters.store_errors.add_one();
                    worker.pause(jittered(TROUBLE)).await?;
                }
            }
        };
        match buried {
            Buried::Dead => {
                tracing::error!(
                    queue = &*queue.names.title,
                    key = worker.guard.shown(&slot.item.key),
                    error,
                    "a write cannot be written, and is a dead letter now"
                );
                queue.counters.dead_letters.add_one();
            }
            Buried::Replaced => queue.counters.replaced.add_one(),
            Buried::Gone => {}
        }
        Ok(())
    }
}

/// Halves the first of the parts, and puts the halves last.
fn halve(parts: &mut VecDeque<Vec<Slot>>) {
    let Some(mut first) = parts.pop_front() else { return };
    let second = first.split_off(first.len().div_ceil(2));
    parts.extend([first, second].into_iter().filter(|half| !half.is_empty()));
}

/// A run of the batch function, in a task of its own, so that a panic ends there. It ends with this.
struct Run(JoinHandle<Result<(), String>>);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
