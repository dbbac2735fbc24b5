//! Writers, of whom each knows one of the two keys.

use std::fmt;

use super::{Tags, keys::Target, rule::Rule};
use cache_runtime::protocol::{Nonce, Step};

use crate::{
    code::Code,
    row::Version,
    state::{HELD, LIFE, NEVER},
    writer::{Writer, WriterMove},
};

/// A writer of the row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Author {
    pub(super) target: Target,
    pub(super) writer: Writer,
    /// The tag's stamp, for the value that a write-through leaves.
    pub(super) stamp: Nonce,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum AuthorMove {
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

impl fmt::Display for AuthorMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthorMove::Write(step) => step.fmt(f),
            AuthorMove::Stamp => f.write_str("asks for the tag's stamp"),
        }
    }
}
