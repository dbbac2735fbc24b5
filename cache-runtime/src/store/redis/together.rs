//! Operations of many callers go together: where many are on their way over a link, the looks that follow go in one `MGET`,
//! and the steps of readers in one pipeline.
//!
//! What an operation costs is for the most part its message. It does not wait for others to come: a batch is sent as soon as
//! every task that could run has run, and so has asked for what it wants. Where few are on their way, each goes by itself,
//! since a caller alone would only pay for the detour. What a writer sends goes by itself too.

use std::{mem, pin::pin};

use futures_util::future::{self, Either};
use redis::{Cmd, ErrorKind, Pipeline, RedisError, RedisResult, cmd};
use tokio::{runtime::Handle, sync::oneshot, task};

use super::{
    coalesce::{Added, Answers, Batch, Caller, Kind, Message, Next},
    incarnation::{Outgoing, Received},
    reconnect::Link,
};

/// A look at more keys than this goes by itself.
const MOST: usize = 8;

/// An operation that has begun and not ended.
pub(super) struct Operation<'l> {
    link: &'l Link,
    among_many: bool,
}

impl<'l> Operation<'l> {
    pub(super) fn begin(link: &'l Link) -> Operation<'l> {
        Operation { link, among_many: link.coalescer().begin() }
    }

    /// What the server holds under `key`. A key of another Redis type may look vacant.
    pub(super) async fn look(&self, key: &str) -> RedisResult<Received> {
        if self.among_many
            && let Some(answered) = self.join_looks(&[key])
            && let Some(answers) = own(answered).await
        {
            return answers?.pop().ok_or_else(incomplete)?;
        }
        self.link.send(&Outgoing::Same(&get(key)), true).await
    }

    /// What the server holds under each of `keys`, in one round trip. A key of another Redis type looks vacant.
    pub(super) async fn look_many(&self, keys: &[&str]) -> RedisResult<Vec<Received>> {
        if self.among_many
            && keys.len() <= MOST
            && let Some(answered) = self.join_looks(keys)
            && let Some(answers) = own(answered).await
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
            && let Some(answered) = self.join_steps(step)
            && let Ok(answers) = answered.await
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
        let runtime = Handle::try_current().ok()?;
        Some(self.see_to(&runtime, Kind::Looks, self.link.coalescer().look(keys)))
    }

    fn join_steps(&self, step: &Outgoing<'_>) -> Option<oneshot::Receiver<Answers>> {
        let runtime = Handle::try_current().ok()?;
        let added = self.link.coalescer().step(step, self.link.incarnation())?;
        Some(self.see_to(&runtime, Kind::Steps, added))
    }

    /// Sees to it that what has been added is sent. Its answers do not come where the runtime of another caller, which was to
    /// send it, shuts down.
    fn see_to(&self, runtime: &Handle, kind: Kind, added: Added) -> oneshot::Receiver<Answers> {
        match added.next {
            Next::SendNow(batch) => {
                let link = self.link.clone();
                drop(runtime.spawn(async move { send(batch, &link).await }));
            }
            Next::SendSoon => {
                let mut soon = Soon { link: self.link.clone(), kind, is_taken: false };
                drop(runtime.spawn(async move {
                    task::yield_now().await;
                    let batch = soon.take();
                    send(batch, &soon.link).await;
                }));
            }
            Next::Wait => {}
        }
        added.answered
    }
}

impl Drop for Operation<'_> {
    fn drop(&mut self) {
        self.link.coalescer().end();
    }
}

/// The answers, but for an error that the server has sent: it may be for what another caller has asked for. Nor are there any
/// where the runtime shuts down that was to send it.
async fn own(answered: oneshot::Receiver<Answers>) -> Option<Answers> {
    answered.await.ok().filter(|answers| answers.as_ref().err().is_none_or(|e| e.code().is_none()))
}

/// What one of the callers was to send for all of them. If that caller's runtime shuts down before, the others are told so by
/// the end of their channels, and each sends its own.
struct Soon {
    link: Link,
    kind: Kind,
    is_taken: bool,
}

impl Soon {
    fn take(&mut self) -> Batch {
        self.is_taken = true;
        self.link.coalescer().take(self.kind)
    }
}

impl Drop for Soon {
    fn drop(&mut self) {
        if !self.is_taken {
            drop(self.take());
        }
    }
}

/// Sends a batch, and gives each caller its answers. It ends with its callers: each has a deadline.
async fn send(mut batch: Batch, link: &Link) {
    let Some(message) = batch.message.take() else { return };
    let answers = match message {
        Message::Look(get) => wait(look(&get, batch.answers, link), &mut batch.callers).await,
        Message::Steps(incarnation, steps) => {
            // Callers may give up while it is made. Where there is none, sending says why.
            drop(link.connection().await);
            let asked = steps.into_iter().zip(mem::take(&mut batch.callers));
            let mut pipeline = Pipeline::new();
            for (step, caller) in asked.filter(|(_, caller)| !caller.waits.is_closed()) {
                pipeline.add_command(step);
                batch.callers.push(caller);
            }
            wait(link.send_under(incarnation, &pipeline), &mut batch.callers).await
        }
    };
    // One that has given up does not listen.
    match answers {
        Some(Ok(answers)) => {
            let mut answers = answers.into_iter();
            for caller in batch.callers {
                _ = caller.waits.send(Ok(answers.by_ref().take(caller.answers).collect()));
            }
        }
        Some(Err(error)) => {
            for caller in batch.callers {
                _ = caller.waits.send(Err(error.clone()));
            }
        }
        None => {}
    }
}

/// The answers, unless all have given up before they come.
async fn wait(answers: impl Future<Output = Answers>, callers: &mut [Caller]) -> Option<Answers> {
    let nobody_waits = async {
        for caller in callers {
            caller.waits.closed().await;
        }
    };
    match future::select(pin!(answers), pin!(nobody_waits)).await {
        Either::Left((answers, _)) => Some(answers),
        Either::Right(_) => None,
    }
}

async fn look(get: &Cmd, answers: usize, link: &Link) -> Answers {
    let received = link.send(&Outgoing::Same(get), true).await?;
    Ok(received.each(answers).ok_or_else(incomplete)?.map(Ok).collect())
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
