//! How the leader's buffer reaches the database: a failed batch is retried, then split, and a write that fails alone
//! becomes a dead letter.

use std::{collections::VecDeque, time::Duration};

use tokio::{task::JoinHandle, time::Instant};

use super::{
    batch_fn::Undecodable,
    buffer::BufferedWrite,
    settings::QueueSettings,
    term::Term,
    worker::{STORE_ERROR_PAUSE, TermEnd},
};
use crate::{
    stats::NotStored,
    store::queue::{DeadLetterOutcome, DeadLetterRequest, Landing},
    telemetry::About,
    time::jittered,
};

/// The pause after a failure. It doubles with each failure, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// After this many failed runs in a row, a split batch counts as one of which the database takes nothing.
const MAX_FAILED_RUNS: u32 = 32;

/// The outcome of one run of the batch function.
enum BatchOutcome {
    Written,
    Failed(String),
    /// One of the values cannot be decoded. The function was not called.
    Undecodable(Undecodable),
}

impl Term<'_> {
    /// Flushes the whole buffer to the database or to the dead letters, however long that takes.
    pub(super) async fn flush(&mut self) -> Result<(), TermEnd> {
        let QueueSettings { batch, attempts, patience, .. } = self.worker.queue.settings;
        let (mut began, mut failures, mut pause) = (Instant::now(), 0, FIRST_PAUSE);
        while !self.buffer.is_empty() {
            let mut writes = self.buffer.take(batch);
            match self.write(&mut writes).await? {
                BatchOutcome::Written => {
                    self.land(&writes).await?;
                    (began, failures, pause) = (Instant::now(), 0, FIRST_PAUSE);
                    continue;
                }
                BatchOutcome::Undecodable(Undecodable { at, error }) => {
                    self.dead_letter(&writes.remove(at), &error).await?;
                    self.buffer.put_back(writes);
                    continue;
                }
                BatchOutcome::Failed(_) => failures += 1,
            }
            if failures % attempts == 0 {
                let for_good = began.elapsed() >= patience;
                let written;
                (writes, written) = self.isolate(writes, for_good).await?;
                if written {
                    (began, failures, pause) = (Instant::now(), 0, FIRST_PAUSE);
                }
                if writes.is_empty() {
                    continue;
                }
                self.buffer.put_back(writes);
                // A write that has come since may show that the database works.
                if self.another_write_succeeds().await? {
                    // So the database refuses the writes of this batch.
                    let writes = self.buffer.take(batch);
                    self.isolate(writes, true).await?;
                    (began, failures, pause) = (Instant::now(), 0, FIRST_PAUSE);
                    continue;
                }
                self.top_up(Duration::ZERO).await?;
            } else {
                self.buffer.put_back(writes);
            }
            let paused = self.worker.pause(jittered(pause));
            self.lease.while_held(paused).await.ok_or(TermEnd::Over)??;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Ok(())
    }

    /// Where refused writes fill the buffer, takes one more write from the queue and tries it, to learn whether the
    /// database takes any.
    async fn another_write_succeeds(&mut self) -> Result<bool, TermEnd> {
        let full = self.buffer.len();
        if full < self.worker.queue.settings.batch {
            return Ok(false);
        }
        let (items, _) = self.take(1, None).await?;
        self.buffer.extend(items);
        if self.buffer.len() == full {
            // The queue has no other write, or only a later one of a key in the buffer.
            return Ok(false);
        }
        let mut last: Vec<BufferedWrite> = self.buffer.take_last().into_iter().collect();
        match self.write(&mut last).await? {
            BatchOutcome::Written => {
                self.land(&last).await?;
                return Ok(true);
            }
            BatchOutcome::Failed(_) => self.buffer.put_back(last),
            BatchOutcome::Undecodable(Undecodable { at, error }) => {
                self.dead_letter(&last.remove(at), &error).await?;
            }
        }
        Ok(false)
    }

    /// Splits a failing batch into halves, and failing halves again, until each write that fails has failed alone.
    ///
    /// If no write succeeds, the database counts as unavailable, and the whole batch is returned, unless `for_good`.
    /// If some write succeeds, each write that failed alone is tried once more and becomes a dead letter if it fails
    /// again. The flag says whether some write succeeded.
    async fn isolate(
        &mut self,
        batch: Vec<BufferedWrite>,
        for_good: bool,
    ) -> Result<(Vec<BufferedWrite>, bool), TermEnd> {
        let mut parts = VecDeque::from([batch]);
        halve_first(&mut parts);
        let (mut refused, mut untried, mut written, mut runs) = (vec![], vec![], false, 0);
        while let Some(mut part) = parts.pop_front() {
            if !written && !for_good && runs == MAX_FAILED_RUNS {
                untried.extend(part);
                continue;
            }
            runs += 1;
            match self.write(&mut part).await? {
                BatchOutcome::Written => {
                    self.land(&part).await?;
                    written = true;
                }
                BatchOutcome::Failed(_) if part.len() == 1 => refused.extend(part),
                BatchOutcome::Failed(_) => {
                    parts.push_front(part);
                    halve_first(&mut parts);
                }
                BatchOutcome::Undecodable(Undecodable { at, error }) => {
                    self.dead_letter(&part.remove(at), &error).await?;
                    parts.extend(Some(part).filter(|part| !part.is_empty()));
                }
            }
        }
        if !written && !for_good {
            refused.append(&mut untried);
            return Ok((refused, false));
        }
        refused.sort_unstable_by_key(|write| write.item.seq);
        for write in refused {
            let mut alone = [write];
            match self.write(&mut alone).await? {
                BatchOutcome::Written => {
                    self.land(&alone).await?;
                    written = true;
                }
                BatchOutcome::Failed(error)
                | BatchOutcome::Undecodable(Undecodable { error, .. }) => {
                    self.dead_letter(&alone[0], &error).await?;
                }
            }
        }
        Ok((Vec::new(), written))
    }

    /// Runs the batch function, if this process still leads.
    async fn write(&mut self, writes: &mut [BufferedWrite]) -> Result<BatchOutcome, TermEnd> {
        let confirmed = self.lease.confirm();
        if !self.worker.unless_stopped(confirmed).await? {
            return Err(TermEnd::Over);
        }
        let mut run = match (self.worker.batch_fn)(writes) {
            Ok(run) => AbortOnDrop(tokio::spawn(run)),
            Err(undecodable) => return Ok(BatchOutcome::Undecodable(undecodable)),
        };
        writes.iter_mut().for_each(|write| write.attempts += 1);
        let counters = &self.worker.queue.counters;
        let written = match self.lease.while_held(&mut run.0).await {
            Some(Ok(written)) => written,
            Some(Err(panic)) => Err(format!("the batch function did not end: {panic}")),
            // Another leader may be writing the same rows by now.
            None => return Err(TermEnd::Over),
        };
        match written {
            Ok(()) => {
                counters.batches.add_one();
                Ok(BatchOutcome::Written)
            }
            Err(error) => {
                let (queue, writes) = (&*self.worker.queue.names.title, writes.len());
                tracing::warn!(queue, writes, error, "a batch function failed");
                counters.batch_failures.add_one();
                Ok(BatchOutcome::Failed(error))
            }
        }
    }

    /// Removes writes from the queue that are in the database. It retries until the store confirms: otherwise the
    /// next leader would write them again.
    async fn land(&mut self, writes: &[BufferedWrite]) -> Result<(), TermEnd> {
        let worker = self.worker;
        let (queue, fence) = (&worker.queue, worker.queue.inner.fence_life);
        let landings: Vec<_> = writes
            .iter()
            .map(|write| Landing {
                key: &write.item.key,
                stamp: write.item.stamp(),
                life: write.store_ttl(&queue.policy),
                seqs: &write.seqs,
            })
            .collect();
        while let Err(error) = self.source.land(&queue.names, &landings, fence).await {
            tracing::warn!(queue = &*queue.names.title, %error, "a flush is not acknowledged yet");
            queue.counters.store_errors.add_one();
            worker.pause(jittered(STORE_ERROR_PAUSE)).await?;
        }
        let all: usize = writes.iter().map(|write| write.seqs.len()).sum();
        queue.counters.flushed.add(writes.len() as u64);
        queue.counters.replaced.add((all - writes.len()) as u64);
        let too_large = writes.iter().filter(|write| write.is_too_large(&queue.policy));
        let (too_large, counters) = (too_large.count() as u64, &queue.counters);
        counters.too_large.add(too_large);
        let about = About { function: counters.name, template: queue.policy.template, key: None };
        counters.not_stored_many(too_large, about, NotStored::TooLarge);
        Ok(())
    }

    /// Makes a write a dead letter: the database refuses it, or its value cannot be decoded.
    async fn dead_letter(&mut self, write: &BufferedWrite, error: &str) -> Result<(), TermEnd> {
        let worker = self.worker;
        let (queue, fence) = (&worker.queue, worker.queue.inner.fence_life);
        let request = DeadLetterRequest {
            item: &write.item,
            seqs: &write.seqs,
            error,
            attempts: write.attempts,
        };
        let outcome = loop {
            match self.source.dead_letter(&queue.names, &request, fence).await {
                Ok(outcome) => break outcome,
                Err(error) => {
                    tracing::warn!(queue = &*queue.names.title, %error, "a dead letter is not stored yet");
                    queue.counters.store_errors.add_one();
                    worker.pause(jittered(STORE_ERROR_PAUSE)).await?;
                }
            }
        };
        match outcome {
            DeadLetterOutcome::Dead => {
                tracing::error!(
                    queue = &*queue.names.title,
                    key = worker.guard.shown(&write.item.key),
                    error,
                    "a write has become a dead letter"
                );
                queue.counters.dead_letters.add_one();
            }
            DeadLetterOutcome::Replaced => queue.counters.replaced.add_one(),
            DeadLetterOutcome::Gone => {}
        }
        Ok(())
    }
}

/// Halves the first of the parts, and appends the halves.
fn halve_first(parts: &mut VecDeque<Vec<BufferedWrite>>) {
    let Some(mut first) = parts.pop_front() else { return };
    let second = first.split_off(first.len().div_ceil(2));
    parts.extend([first, second].into_iter().filter(|half| !half.is_empty()));
}

/// A run of the batch function in a task of its own, which contains a panic. Dropping this aborts the task.
struct AbortOnDrop(JoinHandle<Result<(), String>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests;
