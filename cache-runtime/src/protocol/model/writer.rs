//! Writers: fence, commit and settle; or commit and delete.

use std::fmt;

use super::{
    code::Code,
    rule::Rule,
    world::{LIFE, Model, NEVER, Version, World},
};
use crate::protocol::{Expected, Nonce, Reply, Step};

/// Where a writer is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Writer {
    Ready,
    /// About to commit. The epoch is the proposed one where the fence's answer was lost, and there is no
    /// promise for its death where the fence was not heard to stand all the time.
    Fenced {
        epoch: Option<Nonce>,
        promises: bool,
    },
    /// About to settle; without an epoch, to delete.
    Committed {
        epoch: Option<Nonce>,
        version: Version,
    },
    /// Gone, while its settlement is still on the way.
    Late {
        epoch: Nonce,
        version: Version,
    },
    Gone,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum WriterMove {
    Fence {
        heard: bool,
    },
    Commit,
    /// Settles although nothing was committed.
    GiveUp,
    Settle {
        value: bool,
        heard: bool,
    },
    /// The settlement never arrives; a delete will be sent in its place.
    LoseSettlement,
    /// The delete sent in its place overtakes the settlement.
    Overtake,
    /// An overtaken settlement arrives.
    Arrive {
        value: bool,
    },
    Delete,
    Die,
}

impl Writer {
    /// What it can do where it is.
    pub(super) fn moves(&self) -> &'static [WriterMove] {
        use WriterMove::{
            Arrive, Commit, Delete, Die, Fence, GiveUp, LoseSettlement, Overtake, Settle,
        };
        match self {
            // A commit without a fence: there was to be none, or it never arrived.
            Writer::Ready => &[Fence { heard: true }, Fence { heard: false }, Commit],
            Writer::Fenced { .. } => &[Commit, GiveUp, Die],
            Writer::Committed { epoch: Some(_), .. } => &[
                Settle { value: true, heard: true },
                Settle { value: false, heard: true },
                Settle { value: true, heard: false },
                Settle { value: false, heard: false },
                LoseSettlement,
                Overtake,
                Die,
            ],
            Writer::Committed { epoch: None, .. } => &[Delete, Die],
            Writer::Late { .. } => &[Arrive { value: true }, Arrive { value: false }, Die],
            Writer::Gone => &[],
        }
    }
}

impl Model {
    /// The world after a writer's move.
    pub(super) fn write(&self, world: &World, who: usize, step: WriterMove) -> World {
        let mut next = world.clone();
        next.writers[who] = match (world.writers[who], step) {
            (Writer::Ready, WriterMove::Fence { heard }) => self.fence(&mut next, heard),
            (Writer::Ready, WriterMove::Commit) => next.commit(None, false),
            (Writer::Fenced { epoch, promises }, WriterMove::Commit) => {
                next.commit(epoch, promises)
            }
            (Writer::Fenced { epoch, .. }, WriterMove::GiveUp) => {
                self.run(
                    &mut next,
                    epoch.map_or(Step::Delete, |epoch| Step::Settle { epoch, value: None }),
                );
                Writer::Gone
            }
            (
                Writer::Committed { epoch: Some(epoch), version },
                WriterMove::Settle { value, heard },
            ) => {
                self.settle(&mut next, epoch, value.then_some(version));
                if heard {
                    next.acknowledge(version)
                } else {
                    let again = self.broken == Some(Rule::SettleOnce);
                    Writer::Committed { epoch: again.then_some(epoch), version }
                }
            }
            (Writer::Committed { epoch: Some(_), version }, WriterMove::LoseSettlement) => {
                Writer::Committed { epoch: None, version }
            }
            (Writer::Committed { epoch: Some(epoch), version }, WriterMove::Overtake) => {
                self.run(&mut next, Step::Delete);
                next.acknowledge(version);
                Writer::Late { epoch, version }
            }
            (Writer::Late { epoch, version }, WriterMove::Arrive { value }) => {
                self.settle(&mut next, epoch, value.then_some(version));
                Writer::Gone
            }
            (Writer::Committed { epoch: None, version }, WriterMove::Delete) => {
                self.run(&mut next, Step::Delete);
                next.acknowledge(version)
            }
            (
                Writer::Fenced { .. } | Writer::Committed { .. } | Writer::Late { .. },
                WriterMove::Die,
            ) => Writer::Gone,
            (writer, step) => unreachable!("{step:?} is no move of {writer:?}"),
        };
        next
    }

    fn fence(&self, world: &mut World, heard: bool) -> Writer {
        if self.broken == Some(Rule::Fence) {
            return Writer::Fenced { epoch: None, promises: true };
        }
        let epoch = self.fresh(world);
        match self.run(world, Step::Fence { epoch, life: LIFE }) {
            Reply::Fenced(epoch) if heard => Writer::Fenced { epoch: Some(epoch), promises: true },
            _ => Writer::Fenced { epoch: Some(epoch), promises: false },
        }
    }

    fn settle(&self, world: &mut World, epoch: Nonce, value: Option<Version>) {
        let value = value.map(|version| (self.fresh(world), version, LIFE));
        self.run(world, Step::Settle { epoch, value });
    }
}

impl World {
    fn commit(&mut self, epoch: Option<Nonce>, promises: bool) -> Writer {
        self.row += 1;
        let version = self.row;
        if promises {
            self.kept = version;
        }
        if epoch.is_some_and(|epoch| self.key.is(Expected::Fence(epoch))) {
            self.in_force = version;
        }
        Writer::Committed { epoch, version }
    }

    fn acknowledge(&mut self, version: Version) -> Writer {
        self.in_force = self.in_force.max(version);
        self.kept = self.kept.max(version);
        Writer::Gone
    }
}

impl Writer {
    /// The fence of `epoch` has expired.
    pub(super) fn lose(&mut self, lost: Nonce) {
        if let Writer::Fenced { epoch: Some(epoch), promises } = self {
            *promises &= *epoch != lost;
        }
    }

    /// Whether it has not begun, or does nothing any more.
    pub(super) fn rests(&self) -> bool {
        matches!(self, Writer::Ready | Writer::Gone)
    }

    pub(super) fn nonce_mut(&mut self) -> Option<&mut Nonce> {
        match self {
            Writer::Fenced { epoch, .. } | Writer::Committed { epoch, .. } => epoch.as_mut(),
            Writer::Late { epoch, .. } => Some(epoch),
            Writer::Ready | Writer::Gone => None,
        }
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&mut self, in_force: Version) {
        match self {
            // It will neither be stored nor raise what is in force.
            Writer::Committed { epoch: None | Some(NEVER), version } if *version <= in_force => {
                *version = 0
            }
            Writer::Late { epoch: NEVER, version } => *version = 0,
            _ => {}
        }
    }

    pub(super) fn code(&self) -> u32 {
        let (at, epoch, rest) = match *self {
            Writer::Gone => (0_u32, None, 0),
            Writer::Ready => (1, None, 0),
            Writer::Fenced { epoch, promises } => (2, epoch, u8::from(promises)),
            Writer::Committed { epoch, version } => (3, epoch, version),
            Writer::Late { epoch, version } => (4, Some(epoch), version),
        };
        let mut code = Code::default();
        code.put(3, at);
        code.put(1, u8::from(epoch.is_some()));
        code.nonce(epoch.unwrap_or(NEVER));
        code.put(2, rest);
        code.finish() as u32
    }

    pub(super) const BITS: u32 = 3 + 1 + 4 + 2;
}

impl fmt::Display for WriterMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, heard) = match self {
            WriterMove::Fence { heard } => ("fences", *heard),
            WriterMove::Commit => ("commits", true),
            WriterMove::GiveUp => ("settles without having committed", true),
            WriterMove::Settle { value: true, heard } => ("settles with its value", *heard),
            WriterMove::Settle { value: false, heard } => ("settles without a value", *heard),
            WriterMove::LoseSettlement => ("settles, which never arrives", true),
            WriterMove::Overtake => ("settles, which is late, and deletes", true),
            WriterMove::Arrive { value: true } => {
                ("had settled with its value, which arrives", true)
            }
            WriterMove::Arrive { value: false } => {
                ("had settled without a value, which arrives", true)
            }
            WriterMove::Delete => ("deletes", true),
            WriterMove::Die => ("dies", true),
        };
        f.write_str(text)?;
        f.write_str(if heard { "" } else { ", and the answer is lost" })
    }
}
