//! A queue as its handles see it, whatever the type of its values.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{self, Instant},
};

use super::Settings;
use crate::{
    entry::Entry,
    error::Error,
    expiry::kept,
    guard::Guard,
    key::{self, KeyWriter},
    policy::Policy,
    protocol::Nonce,
    shared::Inner,
    stats::Counters,
    store::queue::{Durability, Enqueued, Names},
    store_op::Asked,
    tag_version::stamps,
    time::jittered,
};

/// Pauses between two looks at a queue that is full, or has to become empty.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone)]
pub(super) struct Queue {
    pub(super) inner: Arc<Inner>,
    pub(super) names: Arc<Names>,
    pub(super) policy: Policy,
    pub(super) counters: Arc<Counters>,
    pub(super) settings: Settings,
}

impl Queue {
    pub(super) fn new(
        inner: &Arc<Inner>,
        title: &str,
        policy: Policy,
        label: &'static str,
        settings: Settings,
    ) -> Queue {
        let counters = inner.registry.counters(policy.name.unwrap_or(label));
        Queue { inner: Arc::clone(inner), names: inner.queue(title), policy, counters, settings }
    }

    /// The text under which a value is stored.
    pub(super) fn key(&self, write: impl FnOnce(&mut KeyWriter<'_>)) -> String {
        key::stored(self.inner.namespace.as_deref(), self.policy.version, write)
    }

    pub(super) fn guard(&self) -> Result<&Arc<Guard>, Error> {
        self.inner.guard.as_ref().ok_or_else(|| {
            Error::Unavailable("caching is disabled, so there is no queue to write to".to_owned())
        })
    }

    /// The stamps of `tags`, and of those that every entry of this cache carries. They matter once the value is in
    /// the database and can be ended like any other: without one of them, as when it is fenced, the value ends when it
    /// lands. So a stamp that was not learned in time is no reason to refuse the write.
    pub(super) async fn stamps(&self, tags: Vec<String>) -> Result<Vec<Nonce>, Error> {
        let guard = self.guard()?;
        let tags = self.inner.carried(tags);
        let names: Vec<_> = tags.iter().map(String::as_str).collect();
        let stamps = stamps(guard, &names, kept(self.policy.ttl, &self.policy)).await;
        Ok(stamps.ok().and_then(|stamps| stamps.into_iter().collect()).unwrap_or_default())
    }

    /// Accepts a value, or waits until there is room for it.
    pub(super) async fn accept(&self, key: &str, entry: &Entry) -> Result<(), Error> {
        let guard = self.guard()?;
        self.check();
        let capacity = self.settings.capacity;
        let mut room = self.room();
        loop {
            let sent = guard.now();
            let enqueued = guard.store().enqueue(&self.names, key, entry, capacity);
            match guard.bounded(Asked::enqueue(entry), key, room.left(), enqueued).await {
                Ok(Enqueued::Accepted) => {
                    // The pending value has taken the place of what an earlier write may have left there.
                    guard.emptied(key, sent);
                    self.counters.queued.add_one();
                    return Ok(());
                }
                Ok(Enqueued::Full(queued)) => room.wait(queued).await?,
                Err(error) => {
                    self.counters.store_errors.add_one();
                    return Err(error);
                }
            }
        }
    }

    /// The patience of one who wants room in the queue.
    pub(super) fn room(&self) -> Room<'_> {
        Room { queue: self, began: Instant::now(), pause: FIRST_PAUSE }
    }

    pub(super) async fn len(&self) -> Result<u64, Error> {
        self.answer(&self.names.queue, self.guard()?.store().queued(&self.names)).await
    }

    /// Waits until what is in the queue now has left it.
    pub(super) async fn flushed(&self) {
        let Ok(guard) = self.guard() else { return };
        let (queue, wait) = (&*self.names.queue, self.settings.wait);
        let mut last = None;
        let mut pause = FIRST_PAUSE;
        loop {
            match guard.bounded(Asked::queue(2), queue, wait, guard.store().ends(&self.names)).await
            {
                Ok(None) => return,
                Ok(Some((first, now_last))) => {
                    if first > *last.get_or_insert(now_last) {
                        return;
                    }
                }
                Err(error) => {
                    tracing::debug!(queue = &*self.names.title, %error, "a queue cannot be seen");
                }
            }
            time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(super) async fn durability(&self) -> Result<Durability, Error> {
        self.answer(&self.names.queue, self.guard()?.store().durability(&self.names)).await
    }

    /// The answer to one question of the store about `key`, which has as long for it as for a write.
    pub(super) async fn answer<T>(
        &self,
        key: &str,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.guard()?.bounded(Asked::queue(1), key, self.settings.wait, asked).await
    }

    /// Warns, once in a process, if the store may lose what it has accepted.
    pub(super) fn check(&self) {
        if self.names.checked.swap(true, Ordering::Relaxed) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let queue = self.clone();
        runtime.spawn(async move {
            match queue.durability().await {
                Ok(durability) => warn(&queue.names.title, &durability),
                // Asked again with the next write.
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
            "it could not be checked whether the server keeps queued writes when it stops: see that it has \
             `appendonly yes`, and no `maxmemory-policy` of `allkeys-…`"
        ),
        other => tracing::warn!(queue, "queued writes may be lost: {other}"),
    }
}

/// Somebody who waits to be accepted.
pub(super) struct Room<'a> {
    queue: &'a Queue,
    began: Instant,
    pause: Duration,
}

impl Room<'_> {
    /// For how long there is still time to wait.
    pub(super) fn left(&self) -> Duration {
        self.queue.settings.wait.saturating_sub(self.began.elapsed())
    }

    /// Waits a while, when so many writes are there; an error when the time is over.
    pub(super) async fn wait(&mut self, queued: u64) -> Result<(), Error> {
        let Settings { capacity, wait, .. } = self.queue.settings;
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
