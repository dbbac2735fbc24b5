//! The flusher: a task that stands by until it leads its queue, and then flushes it.

use std::{fmt, sync::Arc};

use tokio::{sync::watch, task::JoinHandle};

use super::{
    batch_fn::BatchFn,
    leader::lead,
    leader_lease::LeaderLease,
    queue::QueueHandle,
    term::Term,
    worker::{Phase, STORE_ERROR_PAUSE, TermEnd, Worker},
};
use crate::time::jittered;

/// A task of this process that flushes a queue: what [`WriteBehind::flusher`](crate::WriteBehind::flusher) returns.
///
/// One flusher of a queue leads, and the others stand by. When the leader ends, another flusher continues where it
/// stopped.
///
/// # Dropping
///
/// A dropped flusher ends after the current run of the batch function. The writes that wait stay in the queue, for
/// other flushers or for the next start; over `memory://` they stay as long as this process lives.
#[must_use = "a flusher that is dropped stops"]
pub struct Flusher {
    queue: QueueHandle,
    phase: watch::Sender<Phase>,
    leading: watch::Receiver<bool>,
    /// `None` where the cache is disabled.
    task: Option<JoinHandle<()>>,
}

pub(super) fn start(queue: &QueueHandle, batch_fn: Box<BatchFn>) -> Flusher {
    let (phase, phases) = watch::channel(Phase::Work);
    let (leads, leading) = watch::channel(false);
    let task = queue.guard().ok().map(|guard| {
        queue.check_durability();
        let (queue, guard) = (queue.clone(), Arc::clone(guard));
        tokio::spawn(run(Worker { queue, guard, batch_fn, phases, leads }))
    });
    Flusher { queue: queue.clone(), phase, leading, task }
}

async fn run(worker: Worker) {
    loop {
        let Ok(lease) = stand_by(&worker).await else { return };
        worker.leads.send_replace(true);
        let mut term = Term::new(&worker, lease, worker.guard.store().source());
        let end = lead(&mut term).await;
        worker.leads.send_replace(false);
        term.lease.resign().await;
        if end == TermEnd::Stopped || worker.pause(jittered(STORE_ERROR_PAUSE)).await.is_err() {
            return;
        }
    }
}

/// Waits until this flusher holds the leader's lease.
async fn stand_by(worker: &Worker) -> Result<LeaderLease, TermEnd> {
    let (leader, life) = (&worker.queue.names.leader, worker.queue.settings.lease);
    loop {
        let acquired = LeaderLease::try_acquire(&worker.guard, leader, life);
        if let Some(lease) = worker.unless_stopped(acquired).await? {
            return Ok(lease);
        }
        worker.pause(jittered(life / 3)).await?;
    }
}

impl Flusher {
    /// Whether this flusher leads.
    pub fn leads(&self) -> bool {
        *self.leading.borrow()
    }

    /// Flushes everything that was accepted before this call, whichever flusher leads, and ends.
    ///
    /// It returns when all of that is in the database or in the dead letters. While the database or the store is
    /// unavailable it keeps waiting: bound it with `tokio::time::timeout`.
    ///
    /// # Cancellation
    ///
    /// Like [dropping](Flusher#dropping) the flusher.
    pub async fn shutdown(mut self) {
        self.phase.send_replace(Phase::Hurry);
        self.queue.flushed().await;
        self.phase.send_replace(Phase::Stop);
        if let Some(task) = self.task.take() {
            // The log already has the panic of a task that panicked.
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
