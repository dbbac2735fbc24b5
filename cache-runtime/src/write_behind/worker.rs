//! What the flusher's task works with, and how it waits: each wait ends when the task is told to stop.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{sync::watch, time};

use super::{batch_fn::BatchFn, queue::QueueHandle};
use crate::{guard::Guard, stop::unless_stopped};

/// The pause after an error of the store.
pub(super) const STORE_ERROR_PAUSE: Duration = Duration::from_millis(200);

/// What the task is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Work,
    /// Flush what is there without waiting for more.
    Hurry,
    Stop,
}

/// Why a term of leadership ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TermEnd {
    /// The task was told to stop.
    Stopped,
    /// Another flusher leads, or the store failed. The next leader starts with what is unfinished.
    Over,
}

pub(super) struct Worker {
    pub(super) queue: QueueHandle,
    pub(super) guard: Arc<Guard>,
    pub(super) batch_fn: Box<BatchFn>,
    pub(super) phases: watch::Receiver<Phase>,
    pub(super) leads: watch::Sender<bool>,
}

impl Worker {
    pub(super) async fn pause(&self, pause: Duration) -> Result<(), TermEnd> {
        self.unless_stopped(time::sleep(pause)).await
    }

    /// Waits for more writes, unless the task was told to hurry.
    pub(super) async fn linger(&self, linger: Duration) {
        let mut phases = self.phases.clone();
        // The time is up, or the phase has changed: either ends the wait.
        _ = time::timeout(linger, phases.wait_for(|phase| *phase != Phase::Work)).await;
    }

    /// Runs `work`. Drops it when the task is told to stop.
    pub(super) async fn unless_stopped<F: Future>(&self, work: F) -> Result<F::Output, TermEnd> {
        // A `Flusher` that is dropped sends `Stop`.
        let done = unless_stopped(&self.phases, |phase| *phase == Phase::Stop, work).await;
        done.ok_or(TermEnd::Stopped)
    }
}
