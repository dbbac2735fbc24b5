//! What writers do that know one of the two keys.

use super::super::{
    Tags,
    author::{self, Author, AuthorMove},
    keys::{Stored, Target},
    rule::Rule,
    world::World,
};
use cache_runtime::protocol::{Expected, Nonce, Reply, Step};

use crate::{
    row::{Row, Version},
    state::{NEVER, NEW},
    writer::Site,
};

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
            Target::Tag => told(self.run_tag(world, author::write(step, |_| ()))),
            Target::Entry => {
                told(self.run(world, author::write(step, |version| Stored { version, tag })))
            }
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

/// The answer to a writer's step.
fn told<V>(reply: Reply<V>) -> Reply<Version> {
    match reply {
        Reply::Fenced(epoch) => Reply::Fenced(epoch),
        Reply::Done => Reply::Done,
        _ => Reply::Superseded,
    }
}
