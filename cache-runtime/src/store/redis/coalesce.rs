//! Reads that are sent together: where many are on their way over a link, those that follow go in one `MGET`.
//!
//! What a read costs is for the most part the message, not the key in it. A read does not wait for others to come: a batch
//! is sent as soon as every task that could run has run, and so has asked for what it wants. Where few reads are on their
//! way, each goes by itself, since a caller alone would only pay for the detour.

use std::{
    mem,
    pin::pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use futures_util::future::{self, Either};
use redis::{Cmd, ErrorKind, RedisError, RedisResult, cmd};
use tokio::{runtime::Handle, sync::oneshot, task};

use super::{
    incarnation::{Outgoing, Received},
    reconnect::Link,
};

/// So many reads that are on their way make those that follow go together.
const MANY: usize = 8;

/// A batch of so many keys is sent at once. The answer to a larger one would keep its callers waiting for each other's values.
const FULL: usize = 64;

/// A read of more keys than this goes by itself.
const MOST: usize = 8;

/// The reads of a link.
#[derive(Default)]
pub(super) struct Reads {
    on_their_way: AtomicUsize,
    waiting: Mutex<Batch>,
}

/// Reads that have not been sent yet.
#[derive(Default)]
struct Batch {
    /// The command so far: it is written as its keys come.
    get: Option<Cmd>,
    keys: usize,
    callers: Vec<Waiting>,
}

/// A caller who waits for the values of some keys.
struct Waiting {
    keys: usize,
    answer: oneshot::Sender<RedisResult<Vec<Received>>>,
}

/// A read that has begun and not ended.
pub(super) struct Read<'l> {
    link: &'l Link,
    among_many: bool,
}

impl<'l> Read<'l> {
    pub(super) fn begin(link: &'l Link) -> Read<'l> {
        let among_many = link.reads().on_their_way.fetch_add(1, Relaxed) >= MANY;
        Read { link, among_many }
    }

    /// What the server holds under `key`. A key of another Redis type may look vacant.
    pub(super) async fn one(&self, key: &str) -> RedisResult<Received> {
        match self.with_others(&[key]).await {
            Some(received) => received?.pop().ok_or_else(incomplete),
            None => self.link.send(&Outgoing::Same(&get(key)), true).await,
        }
    }

    /// What the server holds under each of `keys`, in one round trip. A key of another Redis type looks vacant.
    pub(super) async fn all(&self, keys: &[&str]) -> RedisResult<Vec<Received>> {
        if let Some(received) = self.with_others(keys).await {
            return received;
        }
        let mut get = cmd("MGET");
        get.arg(keys);
        let received = self.link.send(&Outgoing::Same(&get), true).await?;
        Ok(received.each(keys.len()).ok_or_else(incomplete)?.collect())
    }

    /// The same, with what others ask for. None where this read is to go by itself.
    async fn with_others(&self, keys: &[&str]) -> Option<RedisResult<Vec<Received>>> {
        if !self.among_many || keys.len() > MOST {
            return None;
        }
        // Nobody answers where the runtime of another caller shuts down.
        self.join(keys)?.await.ok()
    }

    /// Joins those who wait, and sees to it that they are sent.
    fn join(&self, keys: &[&str]) -> Option<oneshot::Receiver<RedisResult<Vec<Received>>>> {
        let runtime = Handle::try_current().ok()?;
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.link.reads().waiting();
        let is_first = waiting.callers.is_empty();
        waiting.add(keys, answer);
        let full = (waiting.keys >= FULL).then(|| mem::take(&mut *waiting));
        drop(waiting);
        match full {
            Some(batch) => drop(runtime.spawn(batch.send(self.link.clone()))),
            None if is_first => drop(runtime.spawn(send_soon(self.link.clone()))),
            None => {}
        }
        Some(answered)
    }
}

impl Drop for Read<'_> {
    fn drop(&mut self) {
        self.link.reads().on_their_way.fetch_sub(1, Relaxed);
    }
}

impl Reads {
    /// Each change is whole before anything can panic.
    fn waiting(&self) -> MutexGuard<'_, Batch> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends what waits once every task that can run has run. Nothing may be left of it: a full batch goes before.
async fn send_soon(link: Link) {
    task::yield_now().await;
    let batch = mem::take(&mut *link.reads().waiting());
    batch.send(link).await;
}

impl Batch {
    fn add(&mut self, keys: &[&str], answer: oneshot::Sender<RedisResult<Vec<Received>>>) {
        self.get.get_or_insert_with(|| cmd("MGET")).arg(keys);
        self.keys += keys.len();
        self.callers.push(Waiting { keys: keys.len(), answer });
    }

    /// Sends it, and gives each caller what it has asked for. It ends with its callers: each has a deadline.
    async fn send(mut self, link: Link) {
        let Some(get) = self.get.take() else { return };
        let outgoing = Outgoing::Same(&get);
        let received = {
            let sent = pin!(link.send(&outgoing, true));
            let nobody_waits = pin!(async {
                for caller in &mut self.callers {
                    caller.answer.closed().await;
                }
            });
            match future::select(sent, nobody_waits).await {
                Either::Left((received, _)) => received,
                Either::Right(_) => return,
            }
        };
        match received.map(|received| received.each(self.keys)) {
            Ok(Some(mut values)) => {
                for caller in self.callers {
                    let values = values.by_ref().take(caller.keys).collect();
                    // One that has given up does not listen.
                    _ = caller.answer.send(Ok(values));
                }
            }
            Ok(None) => self.fail(&incomplete()),
            Err(error) => self.fail(&error),
        }
    }

    fn fail(self, error: &RedisError) {
        for caller in self.callers {
            _ = caller.answer.send(Err(error.clone()));
        }
    }
}

/// The command that reads one key.
pub(super) fn get(key: &str) -> Cmd {
    let mut get = Cmd::with_capacity(2, 3 + key.len());
    get.arg("GET").arg(key);
    get
}

fn incomplete() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "the server did not answer for every key").into()
}
