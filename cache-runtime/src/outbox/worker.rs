//! The follower's loop: take some changes, invalidate them, tell the outbox which of them the store has confirmed.

use std::{
    collections::HashMap, fmt::Display, future::Future, pin::Pin, sync::Arc, time::Duration,
};

use tokio::{
    sync::watch,
    time::{self, Instant},
};

use super::{Change, Outbox, Taken};
use crate::{
    error::Error, shared::Inner, stats::OutboxCounters, stop::unless_stopped, time::jittered,
};

/// The number of changes that are taken at once.
const BATCH: usize = 256;

/// How often the follower looks by itself, and asks for the backlog.
const POLL: Duration = Duration::from_secs(1);

/// How long the outbox may take to answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// The pause after a failure, and the longest one after several.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Invalidates stored keys: an outcome for each of them, in their order.
pub(super) type Sender = dyn Fn(Vec<String>) -> Outcomes + Send + Sync;

pub(super) type Outcomes = Pin<Box<dyn Future<Output = Vec<Result<(), Error>>> + Send>>;

pub(super) struct Worker<O> {
    pub(super) inner: Arc<Inner>,
    pub(super) name: &'static str,
    pub(super) outbox: O,
    pub(super) send: Box<Sender>,
    pub(super) counters: Arc<OutboxCounters>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// What a round came to that has not failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// Some changes were invalidated, so there may be more.
    Worked,
    /// There was nothing to do.
    Idle,
}

/// Follows the outbox until it is told to stop.
pub(super) async fn run<O: Outbox>(worker: Arc<Worker<O>>) {
    let mut pause = FIRST_PAUSE;
    let mut measured = None;
    while !*worker.stopped.borrow() {
        // Each round is a task of its own, so that one that panics is like one that fails.
        let (one, due) =
            (Arc::clone(&worker), measured.is_none_or(|at: Instant| at.elapsed() >= POLL));
        let round = tokio::spawn(async move { one.round(due).await }).await;
        let round = round.unwrap_or_else(|error| Err(format!("the outbox has panicked: {error}")));
        if due && round.is_ok() {
            measured = Some(Instant::now());
        }
        match round {
            Ok(progress) => {
                if pause > FIRST_PAUSE {
                    tracing::info!(outbox = worker.name, "the follower continues");
                    pause = FIRST_PAUSE;
                }
                if progress == Round::Idle {
                    _ = worker.unless_stopped(worker.arrival()).await;
                }
            }
            Err(error) => {
                worker.counters.failed();
                if pause == FIRST_PAUSE {
                    tracing::warn!(outbox = worker.name, %error, "the follower cannot go on, and tries again");
                }
                _ = worker.unless_stopped(time::sleep(jittered(pause))).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

impl<O: Outbox> Worker<O> {
    /// Takes some changes, invalidates and finishes them.
    async fn round(&self, measure: bool) -> Result<Round, String> {
        if measure {
            let backlog = self.unless_stopped(in_time("backlog", self.outbox.backlog())).await;
            let Some(backlog) = backlog else { return Ok(Round::Idle) };
            let backlog = backlog?;
            self.counters.measured(backlog.changes, backlog.oldest);
        }
        let taken = self.unless_stopped(in_time("take", self.outbox.take(BATCH))).await;
        let Some(taken) = taken else { return Ok(Round::Idle) };
        let Taken { changes, receipt } = taken?;
        if changes.is_empty() {
            return Ok(Round::Idle);
        }
        let began = Instant::now();
        let (confirmed, error) = self.invalidate(&changes).await;
        in_time("finish", self.outbox.finish(receipt, &confirmed)).await?;
        for (change, _) in changes.iter().zip(&confirmed).filter(|(_, confirmed)| **confirmed) {
            self.counters.invalidated(change.age() + began.elapsed());
        }
        match error {
            // Those that the store has confirmed must not wait for the others.
            Some(error) if !confirmed.contains(&true) => Err(error.to_string()),
            Some(_) => {
                self.counters.failed();
                Ok(Round::Worked)
            }
            None => Ok(Round::Worked),
        }
    }

    /// Invalidates each key once, however many changes it has. Returns a mark for each change that the store has confirmed,
    /// and the first error.
    async fn invalidate(&self, changes: &[Change]) -> (Vec<bool>, Option<Error>) {
        let mut keys = Vec::new();
        let mut index = HashMap::new();
        let positions: Vec<usize> = changes
            .iter()
            .map(|change| {
                *index.entry(change.stored(&self.inner)).or_insert_with_key(|key| {
                    keys.push(key.clone());
                    keys.len() - 1
                })
            })
            .collect();
        let outcomes = (self.send)(keys).await;
        let confirmed = positions.iter().map(|&at| outcomes[at].is_ok()).collect();
        (confirmed, outcomes.into_iter().find_map(Result::err))
    }

    /// Waits until there may be new changes, but for no longer than [`POLL`].
    async fn arrival(&self) {
        match time::timeout(POLL, self.outbox.arrival()).await {
            Ok(Ok(())) | Err(_) => {}
            // The next look at the outbox says more.
            Ok(Err(error)) => {
                tracing::debug!(outbox = self.name, %error, "no news of the outbox");
                time::sleep(POLL).await;
            }
        }
    }

    /// Runs `work`. Drops it when the follower is told to stop.
    async fn unless_stopped<F: Future>(&self, work: F) -> Option<F::Output> {
        // A `Follower` that is dropped sends it too.
        unless_stopped(&self.stopped, |stopped| *stopped, work).await
    }
}

/// The answer of the outbox, or what to log.
async fn in_time<T, E: Display>(
    call: &str,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match time::timeout(DEADLINE, answer).await {
        Ok(answer) => answer.map_err(|error| format!("`{call}` of the outbox failed: {error}")),
        Err(_) => Err(format!("`{call}` of the outbox has taken longer than {DEADLINE:?}")),
    }
}
