//! The handle of the task that follows an outbox.

use std::fmt;

use tokio::{sync::watch, task::JoinHandle};

/// A task of this process that invalidates what an outbox records: what [`Cache::follow`](crate::Cache::follow) returns.
///
/// # Dropping
///
/// A dropped follower ends after the changes that it has taken. The others stay in the outbox, for other followers or for the
/// next start.
#[must_use = "a follower that is dropped stops"]
pub struct Follower {
    name: &'static str,
    stop: watch::Sender<bool>,
    /// `None` where the cache is disabled.
    task: Option<JoinHandle<()>>,
}

impl Follower {
    pub(super) fn new(name: &'static str, stop: watch::Sender<bool>, task: JoinHandle<()>) -> Self {
        Follower { name, stop, task: Some(task) }
    }

    /// A follower without a task.
    pub(super) fn idle(name: &'static str) -> Self {
        Follower { name, stop: watch::Sender::new(false), task: None }
    }

    /// Finishes the changes that it has taken, and ends. The others stay in the outbox.
    ///
    /// It waits for the store's deadline at most, and for 30 s if the outbox does not answer.
    ///
    /// # Cancellation
    ///
    /// Like [dropping](Follower#dropping) the follower.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // The log already has the panic of a task that panicked.
            _ = task.await;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("outbox", &self.name).finish_non_exhaustive()
    }
}
