//! The handle of a queue, independent of the type of its values.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{self, Instant},
};

use super::settings::QueueSettings;
use crate::{
    entry::Entry,
    error::Error,
    expiry::store_ttl,
    guard::Guard,
    policy::Policy,
    protocol::Nonce,
    shared::Inner,
    stats::Counters,
    store::queue::{Durability, Enqueued, Names},
    store_op::StoreOp,
    tag_version::fetch_stamps,
    time::{Clock, jittered},
};

/// The pause between two checks of a queue that is full, or that has to become empty.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(super) struct QueueHandle {
    pub(super) inner: Arc<Inner>,
    pub(super) names: Arc<Names>,
    pub(super) policy: Policy,
    pub(super) counters: Arc<Counters>,
    pub(super) settings: QueueSettings,
}

impl QueueHandle {
    pub(super) fn new(
        inner: &Arc<Inner>,
        title: &str,
        policy: Policy,
        label: &'static str,
        settings: QueueSettings,
    ) -> QueueHandle {
        let counters = inner.registry.counters(policy.name.unwrap_or(label));
        QueueHandle {
            inner: Arc::clone(inner),
            names: inner.queue(title),
            policy,
            counters,
            settings,
        }
    }

    /// The clock of soft expiries.
    pub(super) fn clock(&self) -> Clock {
        self.inner.guard.as_ref().map_or(Clock::System, |guard| guard.clock())
    }

    pub(super) fn guard(&self) -> Result<&Arc<Guard>, Error> {
        self.inner.guard.as_ref().ok_or_else(|| {
            Error::Unavailable("caching is disabled, so there is no queue to write to".to_owned())
        })
    }

    /// The stamps of `tags` and of the tags that every entry of this cache carries. Empty where one of them has no
    /// stamp, for example because it is fenced, and where they were not learned in time.
    ///
    /// The stamps only matter once the value is in the database and can be invalidated like any other entry. Without
    /// them the value ends when it lands, so their absence is no reason to refuse the write.
    pub(super) async fn stamps(&self, tags: Vec<String>) -> Result<Vec<Nonce>, Error> {
        let guard = self.guard()?;
        let tags = self.inner.entry_tags(tags);
        let names: Vec<_> = tags.iter().map(String::as_str).collect();
        let stamps = fetch_stamps(guard, &names, store_ttl(self.policy.ttl, &self.policy)).await;
        Ok(stamps.ok().and_then(|stamps| stamps.into_iter().collect()).unwrap_or_default())
    }

    /// Accepts a value. Waits while the queue is full.
    pub(super) async fn accept(&self, key: &str, entry: &Entry) -> Result<(), Error> {
        let guard = self.guard()?;
        self.check_durability();
        let capacity = self.settings.capacity;
        let mut wait = self.capacity_wait();
        loop {
            let sent = guard.now();
            let enqueued = guard.store().enqueue(&self.names, key, entry, capacity);
            match guard.bounded(StoreOp::enqueue(entry), key, wait.left(), enqueued).await {
                Ok(Enqueued::Accepted) => {
                    // The pending value has replaced whatever an earlier write may have left in the store.
                    guard.emptied(key, sent);
                    guard.outlive_copies().await;
                    self.counters.queued.add_one();
                    return Ok(());
                }
                Ok(Enqueued::Full(queued)) => wait.pause(queued).await?,
                Err(error) => {
                    self.counters.store_errors.add_one();
                    return Err(error);
                }
            }
        }
    }

    /// Starts to wait for room in the queue.
    pub(super) fn capacity_wait(&self) -> CapacityWait<'_> {
        CapacityWait { queue: self, began: Instant::now(), pause: FIRST_PAUSE }
    }

    pub(super) async fn len(&self) -> Result<u64, Error> {
        self.answer(&self.names.queue, self.guard()?.store().queued(&self.names)).await
    }

    /// Waits until the writes that are in the queue now have left it.
    pub(super) async fn flushed(&self) {
        let Ok(guard) = self.guard() else { return };
        let (queue, wait) = (&*self.names.queue, self.settings.wait);
        let mut last = None;
        let mut pause = FIRST_PAUSE;
        loop {
            match guard
                .bounded(StoreOp::queue(2), queue, wait, guard.store().ends(&self.names))
                .await
            {
                Ok(None) => return,
                Ok(Some((first, now_last))) => {
                    if first > *last.get_or_insert(now_last) {
                        return;
                    }
                }
                Err(error) => {
                    tracing::debug!(queue = &*self.names.title, %error, "a queue cannot be read");
                }
            }
            time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(super) async fn durability(&self) -> Result<Durability, Error> {
        self.answer(&self.names.queue, self.guard()?.store().durability(&self.names)).await
    }

    /// The reply to one query of the store about `key`. It may take as long as a write.
    pub(super) async fn answer<T>(
        &self,
        key: &str,
        query: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.guard()?.bounded(StoreOp::queue(1), key, self.settings.wait, query).await
    }

    /// Logs a warning, once in a process, if the store may lose writes that it has accepted.
    pub(super) fn check_durability(&self) {
        if self.names.checked.swap(true, Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let queue = self.clone();
        runtime.spawn(async move {
            match queue.durability().await {
                Ok(durability) => warn(&queue.names.title, &durability),
                // The next write checks again.
                Err(_) => queue.names.checked.store(false, Ordering::Relaxed),
            }
        });
    }
}

fn warn(queue: &str, durability: &Durability) {
    match durability {
        Durability::Log => {}
        Durability::Unknown(why) => tracing::warn!(
            queue,
            why,
            "cannot check whether the server keeps queued writes when it stops: make sure that it has \
             `appendonly yes`, and no `maxmemory-policy` of `allkeys-…`"
        ),
        other => tracing::warn!(queue, "queued writes may be lost: {other}"),
    }
}

/// A caller that waits for room in a full queue.
pub(super) struct CapacityWait<'a> {
    queue: &'a QueueHandle,
    began: Instant,
    pause: Duration,
}

impl CapacityWait<'_> {
    /// How much of the waiting time is left.
    pub(super) fn left(&self) -> Duration {
        self.queue.settings.wait.saturating_sub(self.began.elapsed())
    }

    /// Pauses, because the queue holds `queued` writes. An error when the waiting time is over.
    pub(super) async fn pause(&mut self, queued: u64) -> Result<(), Error> {
        let QueueSettings { capacity, wait, .. } = self.queue.settings;
        let left = self.left();
        if left.is_zero() {
            let title = &self.queue.names.title;
            return Err(Error::Full(format!(
                "`{title}` holds {queued} writes of {capacity}, and had no room within {wait:?}; is its \
                 flusher running, and does it keep up?"
            )));
        }
        time::sleep(jittered(self.pause).min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}
