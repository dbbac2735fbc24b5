//! Messages of many callers that go as one: where many are on their way over a link, the looks that follow go in one `MGET`,
//! and the steps of readers in one pipeline.
//!
//! What an operation costs is for the most part its message. It does not wait for others to come: a batch is sent as soon as
//! every task that could run has run, and so has asked for what it wants. Where few are on their way, each goes by itself,
//! since a caller alone would only pay for the detour. What a writer sends goes by itself too.

use std::{
    mem,
    pin::pin,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use futures_util::future::{self, Either};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, cmd};
use tokio::{runtime::Handle, sync::oneshot, task};

use super::{
    incarnation::{Outgoing, Received},
    reconnect::Link,
};
use crate::protocol::Incarnation;

/// So many operations that are on their way make those that follow go together.
const MANY: usize = 8;

/// A batch with so many answers is sent at once. The callers of a larger one would wait too long for each other's values.
const FULL: usize = 64;

/// A look at more keys than this goes by itself.
const MOST: usize = 8;

/// The operations of a link that may go together.
#[derive(Default)]
pub(super) struct Coalescer {
    on_their_way: AtomicUsize,
    looks: Mutex<Batch>,
    steps: Mutex<Batch>,
}

/// What has not been sent yet.
#[derive(Default)]
struct Batch {
    /// The message so far: it is written as its callers come.
    message: Option<Message>,
    /// How many answers it will have.
    answers: usize,
    callers: Vec<Caller>,
}

enum Message {
    /// An `MGET`.
    Look(Cmd),
    /// Steps that are written for a server of this incarnation.
    Steps(Incarnation, Pipeline),
}

/// The answers to what one caller has sent.
type Answers = RedisResult<Vec<RedisResult<Received>>>;

/// Whoever waits for some of the answers.
struct Caller {
    answers: usize,
    waits: oneshot::Sender<Answers>,
}

/// An operation that has begun and not ended.
pub(super) struct Operation<'l> {
    link: &'l Link,
    among_many: bool,
}

impl<'l> Operation<'l> {
    pub(super) fn begin(link: &'l Link) -> Operation<'l> {
        let among_many = link.coalescer().on_their_way.fetch_add(1, Relaxed) >= MANY;
        Operation { link, among_many }
    }

    /// What the server holds under `key`. A key of another Redis type may look vacant.
    pub(super) async fn look(&self, key: &str) -> RedisResult<Received> {
        if self.among_many
            && let Some(waits) = self.join_looks(&[key])
            && let Ok(answers) = waits.await
        {
            return answers?.pop().ok_or_else(incomplete)?;
        }
        self.link.send(&Outgoing::Same(&get(key)), true).await
    }

    /// What the server holds under each of `keys`, in one round trip. A key of another Redis type looks vacant.
    pub(super) async fn look_many(&self, keys: &[&str]) -> RedisResult<Vec<Received>> {
        if self.among_many
            && keys.len() <= MOST
            && let Some(waits) = self.join_looks(keys)
            && let Ok(answers) = waits.await
        {
            return answers?.into_iter().collect();
        }
        let mut get = cmd("MGET");
        get.arg(keys);
        let received = self.link.send(&Outgoing::Same(&get), true).await?;
        Ok(received.each(keys.len()).ok_or_else(incomplete)?.collect())
    }

    /// Takes a reader's step. Where the connection turns out to be dead, it is taken once more over the next one, if `again`
    /// allows it.
    pub(super) async fn step(&self, step: &Outgoing<'_>, again: bool) -> RedisResult<Received> {
        if self.among_many
            && let Some(waits) = self.join_steps(step)
            && let Ok(answers) = waits.await
        {
            match answers {
                Ok(mut answers) => return answers.pop().ok_or_else(incomplete)?,
                Err(_) if again => {}
                Err(error) => return Err(error),
            }
        }
        self.link.send(step, again).await
    }

    fn join_looks(&self, keys: &[&str]) -> Option<oneshot::Receiver<Answers>> {
        self.join(
            |coalescer| &coalescer.looks,
            keys.len(),
            |message| {
                match message.get_or_insert_with(|| Message::Look(cmd("MGET"))) {
                    Message::Look(get) => get.arg(keys),
                    Message::Steps(..) => return false,
                };
                true
            },
        )
    }

    fn join_steps(&self, step: &Outgoing<'_>) -> Option<oneshot::Receiver<Answers>> {
        let now = self.link.incarnation();
        self.join(
            |coalescer| &coalescer.steps,
            1,
            |message| match message.get_or_insert_with(|| Message::Steps(now, Pipeline::new())) {
                Message::Steps(under, steps) if *under == now => {
                    steps.add_command(step.written(now).into_owned());
                    true
                }
                _ => false,
            },
        )
    }

    /// Joins those who wait, and sees to it that they are sent. None where this one has to go by itself. What is sent and not
    /// answered is closed: the runtime of another caller, which was to send it, shuts down.
    fn join(
        &self,
        batch: impl Fn(&Coalescer) -> &Mutex<Batch> + Copy + Send + 'static,
        answers: usize,
        write: impl FnOnce(&mut Option<Message>) -> bool,
    ) -> Option<oneshot::Receiver<Answers>> {
        let runtime = Handle::try_current().ok()?;
        let mut waiting = lock(batch(self.link.coalescer()));
        if !write(&mut waiting.message) {
            return None;
        }
        let (waits, answered) = oneshot::channel();
        waiting.answers += answers;
        waiting.callers.push(Caller { answers, waits });
        let is_first = waiting.callers.len() == 1;
        let full = (waiting.answers >= FULL).then(|| mem::take(&mut *waiting));
        drop(waiting);
        let link = self.link.clone();
        match full {
            Some(full) => drop(runtime.spawn(full.send(link))),
            None if is_first => drop(runtime.spawn(async move {
                task::yield_now().await;
                // Nothing may be left: a full batch goes before.
                let soon = mem::take(&mut *lock(batch(link.coalescer())));
                soon.send(link).await;
            })),
            None => {}
        }
        Some(answered)
    }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        self.link.coalescer().on_their_way.fetch_sub(1, Relaxed);
    }
}

/// Each change is whole before anything can panic.
fn lock(batch: &Mutex<Batch>) -> MutexGuard<'_, Batch> {
    batch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Batch {
    /// Sends it, and gives each caller its answers. It ends with its callers: each has a deadline.
    async fn send(mut self, link: Link) {
        let Some(message) = self.message.take() else { return };
        let answers = {
            let sent = pin!(message.send(&link, self.answers));
            let nobody_waits = pin!(async {
                for caller in &mut self.callers {
                    caller.waits.closed().await;
                }
            });
            match future::select(sent, nobody_waits).await {
                Either::Left((answers, _)) => answers,
                Either::Right(_) => return,
            }
        };
        match answers {
            Ok(answers) => {
                let mut answers = answers.into_iter();
                for caller in self.callers {
                    let its_own = answers.by_ref().take(caller.answers).collect();
                    // One that has given up does not listen.
                    _ = caller.waits.send(Ok(its_own));
                }
            }
            Err(error) => {
                for caller in self.callers {
                    _ = caller.waits.send(Err(error.clone()));
                }
            }
        }
    }
}

impl Message {
    async fn send(self, link: &Link, answers: usize) -> Answers {
        match self {
            Message::Look(get) => {
                let received = link.send(&Outgoing::Same(&get), true).await?;
                Ok(received.each(answers).ok_or_else(incomplete)?.map(Ok).collect())
            }
            Message::Steps(incarnation, steps) => link.send_under(incarnation, &steps).await,
        }
    }
}

/// The command that looks at one key.
pub(super) fn get(key: &str) -> Cmd {
    let mut get = Cmd::with_capacity(2, 3 + key.len());
    get.arg("GET").arg(key);
    get
}

fn incomplete() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "the server did not answer for every key").into()
}
