//! What many callers send over one link and has not gone yet: looks, which go as one `MGET`, and readers' steps, which go as
//! one pipeline.

use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use redis::{Cmd, RedisResult, cmd};
use tokio::sync::oneshot;

use super::incarnation::{Outgoing, Received};
use crate::protocol::Incarnation;

/// So many operations that are on their way make those that follow go together.
const MANY: usize = 8;

/// A batch with so many answers is sent at once. The callers of a larger one would wait too long for each other's values.
const FULL: usize = 64;

/// The operations of a link that may go together.
#[derive(Default)]
pub(super) struct Coalescer {
    on_their_way: AtomicUsize,
    looks: Mutex<Batch>,
    steps: Mutex<Batch>,
}

/// What goes together.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Looks,
    Steps,
}

/// What has not been sent yet.
#[derive(Default)]
pub(super) struct Batch {
    /// The message so far: it is written as its callers come.
    pub(super) message: Option<Message>,
    /// How many answers it will have.
    pub(super) answers: usize,
    pub(super) callers: Vec<Caller>,
}

pub(super) enum Message {
    /// An `MGET`.
    Look(Cmd),
    /// A step of each caller, written for a server of this incarnation. Who has given up may have sent since what takes it back,
    /// so it is left out when they are sent.
    Steps(Incarnation, Vec<Cmd>),
}

/// The answers to what one caller has sent.
pub(super) type Answers = RedisResult<Vec<RedisResult<Received>>>;

/// Whoever waits for some of the answers.
pub(super) struct Caller {
    pub(super) answers: usize,
    pub(super) waits: oneshot::Sender<Answers>,
}

/// What has been added to a batch: where its answers come, and what its caller has to see to.
pub(super) struct Added {
    pub(super) answered: oneshot::Receiver<Answers>,
    pub(super) next: Next,
}

pub(super) enum Next {
    /// Nothing: somebody else sends it.
    Wait,
    /// That the batch is sent once every task that can run has run.
    SendSoon,
    /// That it is sent now, since it is full.
    SendNow(Batch),
}

impl Coalescer {
    /// Counts an operation that begins. True if it is among many.
    pub(super) fn begin(&self) -> bool {
        self.on_their_way.fetch_add(1, Relaxed) >= MANY
    }

    /// Counts an operation that has ended.
    pub(super) fn end(&self) {
        self.on_their_way.fetch_sub(1, Relaxed);
    }

    /// Adds a look at `keys`.
    pub(super) fn look(&self, keys: &[&str]) -> Added {
        let mut waiting = self.waiting(Kind::Looks);
        if let Message::Look(get) =
            waiting.message.get_or_insert_with(|| Message::Look(cmd("MGET")))
        {
            get.arg(keys);
        }
        waiting.add(keys.len())
    }

    /// Adds a step to those that are written for a server of the incarnation `now`. None where others wait that are written
    /// for one of another.
    pub(super) fn step(&self, step: &Outgoing<'_>, now: Incarnation) -> Option<Added> {
        let mut waiting = self.waiting(Kind::Steps);
        let message = waiting.message.get_or_insert_with(|| Message::Steps(now, Vec::new()));
        match message {
            Message::Steps(under, steps) if *under == now => {
                steps.push(step.written(now).into_owned());
            }
            _ => return None,
        }
        Some(waiting.add(1))
    }

    /// What waits. Nothing may be left: a full batch goes before.
    pub(super) fn take(&self, kind: Kind) -> Batch {
        mem::take(&mut *self.waiting(kind))
    }

    /// Each change is whole before anything can panic.
    fn waiting(&self, kind: Kind) -> MutexGuard<'_, Batch> {
        let batch = match kind {
            Kind::Looks => &self.looks,
            Kind::Steps => &self.steps,
        };
        batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// A caller for so many answers, whose part of the message is written.
    fn add(&mut self, answers: usize) -> Added {
        let (waits, answered) = oneshot::channel();
        self.answers += answers;
        self.callers.push(Caller { answers, waits });
        let next = match self.callers.len() {
            _ if self.answers >= FULL => Next::SendNow(mem::take(self)),
            1 => Next::SendSoon,
            _ => Next::Wait,
        };
        Added { answered, next }
    }
}
