//! Writers, of whom each knows one of the two keys.

use std::fmt;

use super::{
    Tags,
    rule::Rule,
    world::{Stored, World},
};
use crate::protocol::{
    Expected, Nonce, Reply, Step,
    model::{
        code::Code,
        row::{Row, Version},
        state::{HELD, LIFE, NEVER, NEW},
        writer::{Site, Writer, WriterMove},
    },
};

/// A writer of the row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::protocol::model) struct Author {
    pub(super) target: Target,
    pub(super) writer: Writer,
    /// The tag's stamp, for the value that a write-through leaves.
    pub(super) stamp: Nonce,
}

/// The key that a writer knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::protocol::model) enum Target {
    Tag,
    Entry,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::protocol::model) enum AuthorMove {
    Write(WriterMove),
    /// Asks for the tag's stamp.
    Stamp,
}

impl Author {
    pub(super) fn new(target: Target, writer: Writer) -> Author {
        Author { target, writer, stamp: NEVER }
    }

    /// What it can do where it is.
    pub(super) fn moves(&self, model: &Tags) -> impl Iterator<Item = AuthorMove> {
        // The fence and the question are sent at once, and arrive in either order.
        let stamps = match self.writer {
            Writer::Ready | Writer::Fenced { .. } => model.broken != Some(Rule::WriteThroughFirst),
            Writer::Committed { epoch: Some(HELD), .. } => {
                model.broken == Some(Rule::WriteThroughFirst)
            }
            _ => false,
        };
        let stamps = stamps && self.target == Target::Entry && self.stamp == NEVER;
        // A tag has no value to leave; nor has an entry whose tag was fenced when its stamp was asked for.
        let leaves = match self.target {
            Target::Tag => model.overlay,
            Target::Entry => self.stamp != NEVER,
        };
        let leaving = |step: &WriterMove| {
            !matches!(
                step,
                WriterMove::Settle { value: true, .. } | WriterMove::Arrive { value: true }
            )
        };
        (self.writer.moves().iter().filter(move |step| leaves || leaving(step)))
            .map(|&step| AuthorMove::Write(step))
            .chain(stamps.then_some(AuthorMove::Stamp))
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&mut self, in_force: Version) {
        self.writer.forget(in_force);
        let lost = self.writer.nonce_mut().is_none_or(|epoch| *epoch == NEVER);
        if lost && self.writer != Writer::Ready {
            self.stamp = NEVER;
        }
    }

    pub(super) fn encode(&self, code: &mut Code) {
        code.put(1, self.target as u32);
        self.writer.encode(code);
        code.nonce(self.stamp);
    }
}

impl Tags {
    /// The world after an author's move.
    pub(super) fn write(&self, world: &World, who: usize, step: AuthorMove) -> World {
        let mut next = world.clone();
        let mut author = world.authors[who];
        match step {
            AuthorMove::Stamp => author.stamp = self.stamp(&mut next).unwrap_or(NEVER),
            AuthorMove::Write(step) => {
                let Author { target, stamp, .. } = author;
                let mut site = At { model: self, world: &mut next, target, stamp };
                author.writer.take(step, &mut site);
            }
        }
        next.authors[who] = author;
        next
    }
}

impl Tags {
    /// The store takes a writer's step on one of the keys; a value is left under the tag's stamp.
    pub(super) fn tell(
        &self,
        world: &mut World,
        key: Target,
        step: Step<Version>,
        tag: Nonce,
    ) -> Reply<Version> {
        match key {
            Target::Tag => told(self.run_tag(world, write(step, |_| ()))),
            Target::Entry => told(self.run(world, write(step, |version| Stored { version, tag }))),
        }
    }
}

/// Where an author writes to.
struct At<'a> {
    model: &'a Tags,
    world: &'a mut World,
    target: Target,
    stamp: Nonce,
}

impl Site for At<'_> {
    fn row(&mut self) -> &mut Row {
        &mut self.world.row
    }

    fn fresh(&self) -> Nonce {
        NEW
    }

    fn run(&mut self, step: Step<Version>) -> Reply<Version> {
        self.model.tell(self.world, self.target, step, self.stamp)
    }

    fn stands(&self, epoch: Nonce, _: bool) -> bool {
        match self.target {
            Target::Tag => self.world.tag.is(Expected::Fence(epoch)),
            Target::Entry => self.world.entry.is(Expected::Fence(epoch)),
        }
    }

    fn fences(&self) -> bool {
        self.target == Target::Entry || self.model.broken != Some(Rule::Fence)
    }
}

/// A writer's step, with values of another kind.
pub(super) fn write<V>(step: Step<Version>, value: impl FnOnce(Version) -> V) -> Step<V> {
    match step {
        Step::Fence { epoch, life } => Step::Fence { epoch, life },
        Step::Settle { epoch, value: None } => Step::Settle { epoch, value: None },
        Step::Settle { epoch, value: Some((stamp, version, _)) } => {
            Step::Settle { epoch, value: Some((stamp, value(version), LIFE)) }
        }
        Step::Renew { expected, life } => Step::Renew { expected, life },
        Step::Delete => Step::Delete,
        Step::Release { expected } => Step::Release { expected },
        step => unreachable!("{step:?} is no step of a writer"),
    }
}

/// The answer to a writer's step.
fn told<V>(reply: Reply<V>) -> Reply<Version> {
    match reply {
        Reply::Fenced(epoch) => Reply::Fenced(epoch),
        Reply::Done => Reply::Done,
        _ => Reply::Superseded,
    }
}

impl fmt::Display for AuthorMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthorMove::Write(step) => step.fmt(f),
            AuthorMove::Stamp => f.write_str("asks for the tag's stamp"),
        }
    }
}
