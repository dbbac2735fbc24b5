//! The flusher: a task that stands by until it leads, and then flushes.

use std::{fmt, future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::{sync::watch, task::JoinHandle, time};

use super::{batch_fn::Sink, leader::Term, leadership::Leadership, queue::Queue};
use crate::{guard::Guard, time::jittered};

/// The pause after trouble with the store.
pub(super) const TROUBLE: Duration = Duration::from_millis(200);

/// A task of this process that flushes a queue: what [`WriteBehind::flusher`](crate::WriteBehind::flusher) gives.
///
/// Of all flushers of one queue, one leads and the others stand by. When the leader ends, another one goes on
/// where it was.
///
/// # Dropping
///
/// A flusher that is dropped ends after the run of the batch function that is under way. What waits stays in
/// the queue, for others or for the next start; over `memory://`, for as long as this process lives.
#[must_use = "a flusher that is dropped stops"]
pub struct Flusher {
    queue: Queue,
    phase: watch::Sender<Phase>,
    leading: watch::Receiver<bool>,
    /// None where the cache is disabled.
    task: Option<JoinHandle<()>>,
}

/// What is asked of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Work,
    /// Not to wait for more than there is.
    Hurry,
    Stop,
}

pub(super) fn start(queue: &Queue, sink: Box<Sink>) -> Flusher {
    let (phase, phases) = watch::channel(Phase::Work);
    let (leads, leading) = watch::channel(false);
    let task = queue.guard().ok().map(|guard| {
        queue.check();
        let (queue, guard) = (queue.clone(), Arc::clone(guard));
        tokio::spawn(Worker { queue, guard, sink, phases, leads }.work())
    });
    Flusher { queue: queue.clone(), phase, leading, task }
}

impl Flusher {
    /// Whether it is this flusher that works.
    pub fn leads(&self) -> bool {
        *self.leading.borrow()
    }

    /// Flushes all that was accepted before this call, whoever leads, and ends.
    ///
    /// It returns when that is in the database or in the dead letters. Where the database or the store is away,
    /// that takes as long as they are: bound it with `tokio::time::timeout`.
    ///
    /// # Cancellation
    ///
    /// As [dropping](Flusher#dropping).
    pub async fn shutdown(mut self) {
        self.phase.send_replace(Phase::Hurry);
        self.queue.flushed().await;
        self.phase.send_replace(Phase::Stop);
        if let Some(task) = self.task.take() {
            // It would have panicked into the log.
            _ = task.await;
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.phase.send_replace(Phase::Stop);
    }
}

impl fmt::Debug for Flusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flusher")
            .field("queue", &self.queue.names.title)
            .field("leads", &self.leads())
            .finish_non_exhaustive()
    }
}

/// What the task works with.
pub(super) struct Worker {
    pub(super) queue: Queue,
    pub(super) guard: Arc<Guard>,
    pub(super) sink: Box<Sink>,
    phases: watch::Receiver<Phase>,
    leads: watch::Sender<bool>,
}

/// Why a term of leadership ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The task is to stop.
    Stopped,
    /// Somebody else leads, or the store was in trouble: whoever leads next begins with what is unfinished.
    Over,
}

impl Worker {
    async fn work(self) {
        loop {
            let Ok(leadership) = self.stand_by().await else { return };
            self.leads.send_replace(true);
            let mut term = Term::new(&self, leadership, self.guard.store().source());
            let end = term.serve().await;
            self.leads.send_replace(false);
            term.leadership.resign().await;
            if end == End::Stopped || self.pause(jittered(TROUBLE)).await.is_err() {
                return;
            }
        }
    }

    async fn stand_by(&self) -> Result<Leadership, End> {
        let (leader, life) = (&self.queue.names.leader, self.queue.settings.lease);
        loop {
            let sought = Leadership::seek(&self.guard, leader, life);
            if let Some(leadership) = self.unless_stopped(sought).await? {
                return Ok(leadership);
            }
            self.pause(jittered(life / 3)).await?;
        }
    }

    pub(super) async fn pause(&self, pause: Duration) -> Result<(), End> {
        self.unless_stopped(time::sleep(pause)).await
    }

    /// Waits for more to do, unless there is a hurry.
    pub(super) async fn linger(&self, linger: Duration) {
        let mut phases = self.phases.clone();
        // Over in time, hurried or stopped: in any case it is over.
        _ = time::timeout(linger, phases.wait_for(|phase| *phase != Phase::Work)).await;
    }

    /// Does `work`, unless the task is to stop: then it is dropped.
    pub(super) async fn unless_stopped<F: Future>(&self, work: F) -> Result<F::Output, End> {
        let mut phases = self.phases.clone();
        // A flusher that is gone has said so.
        let stop = pin!(phases.wait_for(|phase| *phase == Phase::Stop));
        match select(pin!(work), stop).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(End::Stopped),
        }
    }
}
