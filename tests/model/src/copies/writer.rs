//! Writers: what they send, what they wait for, and what may not be missed then.

use std::fmt;

use super::{
    held::{DRAWN, Key, Stored, TAG_DRAWN},
    rule::Rule,
};
use cache_runtime::protocol::{Nonce, Reply, State, Step};

use crate::{
    code::Code,
    row::Version,
    state::{LIFE, NEVER},
};

/// How a writer tells the store.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Kind {
    /// It fences, its body commits, and it settles.
    Fences,
    /// Its caller has committed, and it deletes.
    Deletes,
    /// Its caller has committed; it fences, and settles with the value.
    Puts,
}

/// What a writer is there for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Role {
    pub(super) kind: Kind,
    pub(super) key: Key,
    /// The process that it is in.
    pub(super) process: usize,
}

/// A writer of one key.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Writer {
    pub(super) role: Role,
    pub(super) stage: Stage,
    pub(super) epoch: Option<Nonce>,
    /// What it has committed, as long as somebody may miss it.
    pub(super) version: Option<Version>,
    /// Whether its fence stood when it committed.
    pub(super) stood: bool,
    /// For how long it has to wait before its body begins, or before it returns.
    pub(super) left: u8,
    /// How long ago the step was taken from which on its write counts.
    pub(super) age: u8,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Stage {
    /// About to send its next step, or to commit.
    Ready,
    /// Its step is on the way.
    Sent,
    /// The answer is: whether it was the last, and whether the writer has to wait from then on.
    Taken {
        last: bool,
        waits: bool,
    },
    /// Its last step is confirmed.
    Confirmed,
    Done,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum WriterMove {
    Commit,
    Send,
    /// The store takes the step; a settlement may leave a value.
    Execute {
        value: bool,
    },
    Answer,
    /// All three, of a writer in a process that keeps no copies: nobody can tell when it happens to it.
    Tell {
        value: bool,
    },
    Return,
}

/// What is asked of the store next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Next {
    Fence,
    Settle(Nonce),
    Delete,
}

impl Writer {
    pub(super) const fn new(role: Role) -> Writer {
        Writer {
            role,
            stage: Stage::Ready,
            epoch: None,
            version: None,
            stood: false,
            left: 0,
            age: 0,
        }
    }

    /// Whether its body may begin, or its caller commit.
    pub(super) fn may_commit(&self) -> bool {
        let begins = match self.role.kind {
            Kind::Fences => self.epoch.is_some() && self.left == 0,
            Kind::Deletes | Kind::Puts => self.epoch.is_none(),
        };
        self.stage == Stage::Ready && self.version.is_none() && begins
    }

    /// Whether its fence stands on its key.
    pub(super) fn stands<V>(&self, key: &State<V>) -> bool {
        matches!((self.epoch, key), (Some(epoch), State::Fenced(fence)) if fence.epoch == epoch)
    }

    /// What it may send now.
    pub(super) fn next(&self) -> Option<Next> {
        match (self.role.kind, self.epoch, self.version) {
            (Kind::Fences, None, None) | (Kind::Puts, None, Some(_)) => Some(Next::Fence),
            (Kind::Fences | Kind::Puts, Some(epoch), Some(_)) => Some(Next::Settle(epoch)),
            (Kind::Deletes, _, Some(_)) => Some(Next::Delete),
            _ => None,
        }
    }

    /// Whether it waits for the answer to a step.
    pub(super) fn waits(&self) -> bool {
        matches!(self.stage, Stage::Sent | Stage::Taken { .. })
    }

    /// Its step, and whether a value is left by it.
    pub(super) fn entry_step(&self, next: Next, value: bool) -> Step<Stored> {
        let stored = Stored { version: self.version.unwrap_or_default(), tag: NEVER };
        step(next, DRAWN, (value || self.role.kind == Kind::Puts).then_some(stored))
    }

    /// The same, on a tag, which is left without a stamp.
    pub(super) fn tag_step(next: Next) -> Step<()> {
        step(next, TAG_DRAWN, None)
    }

    /// Its step was taken.
    pub(super) fn taken<V>(&mut self, next: Next, reply: &Reply<V>, broken: Option<Rule>) {
        if let Reply::Fenced(epoch) = reply {
            self.epoch = Some(*epoch);
        }
        // What may have been stored since its fence was gone may be older than what it has committed. Had the fence stood
        // when it did, or if it had committed before it fenced, nothing could.
        let may_be_older = self.role.kind == Kind::Fences && !self.stood;
        let (last, counts, waits) = match next {
            Next::Fence => match self.role.kind {
                Kind::Fences => (false, true, broken != Some(Rule::BodyWaits)),
                _ => (false, true, broken != Some(Rule::ReturnWaits)),
            },
            Next::Delete => (true, true, broken != Some(Rule::ReturnWaits)),
            Next::Settle(_) => {
                let counts = matches!(reply, Reply::Lost) && may_be_older;
                (true, counts, counts && broken != Some(Rule::LostFenceWaits))
            }
        };
        if counts {
            self.age = 0;
        }
        self.stage = Stage::Taken { last, waits };
    }

    /// It is answered; `wait` is how long one waits in strict mode.
    pub(super) fn answered(&mut self, wait: u8, broken: Option<Rule>) -> Option<()> {
        let Stage::Taken { last, waits } = self.stage else { return None };
        if waits {
            self.left =
                if broken == Some(Rule::WaitsWhole) { wait.saturating_sub(1) } else { wait };
        }
        self.stage = if last { Stage::Confirmed } else { Stage::Ready };
        Some(())
    }

    pub(super) fn tick(&mut self, oldest: u8) {
        self.left = self.left.saturating_sub(1);
        self.age = (self.age + 1).min(oldest);
    }

    /// The version that no caller may miss which calls now, where it is in force.
    pub(super) fn in_force(&self) -> Option<Version> {
        self.version.filter(|_| self.stood || self.stage == Stage::Done)
    }

    pub(super) fn encode(&self, code: &mut Code) {
        let stage = match self.stage {
            Stage::Ready => 0u8,
            Stage::Sent => 1,
            Stage::Taken { last, waits } => 2 + u8::from(last) + 2 * u8::from(waits),
            Stage::Confirmed => 6,
            Stage::Done => 7,
        };
        code.put(3, stage);
        code.put(1, self.epoch.is_some());
        code.nonce(self.epoch.unwrap_or(NEVER));
        code.put(1, self.version.is_some());
        code.version(self.version.unwrap_or_default());
        code.put(1, self.stood);
        code.put(2, self.left);
        code.put(2, self.age);
    }
}

fn step<V>(next: Next, drawn: Nonce, value: Option<V>) -> Step<V> {
    match next {
        Next::Fence => Step::Fence { epoch: drawn, life: LIFE },
        Next::Settle(epoch) => {
            Step::Settle { epoch, value: value.map(|value| (drawn, value, LIFE)) }
        }
        Next::Delete => Step::Delete,
    }
}

impl fmt::Display for WriterMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WriterMove::Commit => "commits",
            WriterMove::Send => "sends its next step",
            WriterMove::Execute { value: true } => "has its step taken, with its value",
            WriterMove::Execute { value: false } => "has its step taken",
            WriterMove::Answer => "is answered",
            WriterMove::Tell { value: true } => "has a step taken and answered, with its value",
            WriterMove::Tell { value: false } => "has a step taken and answered",
            WriterMove::Return => "returns",
        })
    }
}
