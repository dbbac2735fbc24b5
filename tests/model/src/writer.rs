//! Writers: fence, commit and settle; or commit and delete.

use std::fmt;

use super::{
    code::Code,
    row::{Row, Version},
    state::{LIFE, NEVER},
};
use cache_runtime::protocol::{Expected, Nonce, Reply, State, Step};

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
    /// Has settled, and its transaction is not committed yet.
    Settled,
    /// About to settle; without an epoch, to delete.
    Committed {
        epoch: Option<Nonce>,
        version: Version,
    },
    /// Does not know whether its settlement has counted: about to release its fence, and then to delete.
    Unsure {
        epoch: Nonce,
        version: Version,
    },
    /// Likewise, and its settlement is still on the way.
    Overtaking {
        epoch: Nonce,
        version: Version,
        released: bool,
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
    /// One of the functions of its transaction returns. Another may write under the same fence.
    Return,
    Commit,
    /// Settles although nothing was committed.
    GiveUp,
    Settle {
        value: bool,
        heard: bool,
    },
    /// The settlement never arrives.
    LoseSettlement,
    /// What is sent in its place will overtake the settlement.
    Overtake,
    /// Takes its fence away, if it is its own alone; and deletes, if nobody can come between.
    Release,
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
            Arrive, Commit, Delete, Die, Fence, GiveUp, LoseSettlement, Overtake, Release, Return,
            Settle,
        };
        match self {
            // A commit without a fence: there was to be none, or it never arrived.
            Writer::Ready => &[Fence { heard: true }, Fence { heard: false }, Commit],
            Writer::Fenced { .. } => &[Return, Commit, GiveUp, Die],
            Writer::Settled => &[Commit, Die],
            Writer::Committed { epoch: Some(_), .. } => &[
                Settle { value: true, heard: true },
                Settle { value: false, heard: true },
                Settle { value: true, heard: false },
                Settle { value: false, heard: false },
                LoseSettlement,
                Overtake,
                Die,
            ],
            Writer::Unsure { .. } | Writer::Overtaking { released: false, .. } => &[Release, Die],
            Writer::Committed { epoch: None, .. } | Writer::Overtaking { .. } => &[Delete, Die],
            Writer::Late { .. } => &[Arrive { value: true }, Arrive { value: false }, Die],
            Writer::Gone => &[],
        }
    }
}

/// What a writer writes to: a row of the database, and a key of the store.
pub(super) trait Site {
    fn row(&mut self) -> &mut Row;

    /// A nonce that nobody knows.
    fn fresh(&self) -> Nonce;

    /// The store takes a step on the key.
    fn run(&mut self, step: Step<Version>) -> Reply<Version>;

    /// Whether the fence of this epoch stands, or, for a writer that has seen it stand all the time, what
    /// has taken its place.
    fn stands(&self, epoch: Nonce, promises: bool) -> bool;

    /// Whether writers fence before they commit.
    fn fences(&self) -> bool {
        true
    }

    /// Whether the fence is settled after the commit of the transaction, and not when a function of it returns.
    fn settles_after_commit(&self) -> bool {
        true
    }

    /// Whether others may take steps between the release and the delete that are sent in a settlement's place.
    fn releases_first(&self) -> bool {
        false
    }

    /// Whether a settlement whose answer is lost is followed by a delete.
    fn settles_once(&self) -> bool {
        true
    }
}

impl Writer {
    /// Makes a move.
    pub(super) fn take(&mut self, step: WriterMove, site: &mut impl Site) {
        *self = match (*self, step) {
            (Writer::Ready, WriterMove::Fence { heard }) => fence(site, heard),
            (Writer::Ready, WriterMove::Commit) => commit(site, None, false),
            (Writer::Fenced { epoch, promises }, WriterMove::Return) => {
                if site.settles_after_commit() {
                    Writer::Fenced { epoch, promises }
                } else {
                    site.run(
                        epoch.map_or(Step::Delete, |epoch| Step::Settle { epoch, value: None }),
                    );
                    Writer::Settled
                }
            }
            (Writer::Fenced { epoch, promises }, WriterMove::Commit) => {
                commit(site, epoch, promises)
            }
            (Writer::Settled, WriterMove::Commit) => {
                let version = site.row().commit(false, false);
                acknowledge(site, version)
            }
            (Writer::Fenced { epoch, .. }, WriterMove::GiveUp) => {
                site.run(epoch.map_or(Step::Delete, |epoch| Step::Settle { epoch, value: None }));
                Writer::Gone
            }
            (
                Writer::Committed { epoch: Some(epoch), version },
                WriterMove::Settle { value, heard },
            ) => {
                settle(site, epoch, value.then_some(version));
                match heard {
                    true => acknowledge(site, version),
                    false if !site.settles_once() => {
                        Writer::Committed { epoch: Some(epoch), version }
                    }
                    false => Writer::Unsure { epoch, version },
                }
            }
            (Writer::Committed { epoch: Some(epoch), version }, WriterMove::LoseSettlement) => {
                Writer::Unsure { epoch, version }
            }
            (Writer::Committed { epoch: Some(epoch), version }, WriterMove::Overtake) => {
                match site.releases_first() {
                    true => Writer::Overtaking { epoch, version, released: false },
                    false => {
                        release(site, epoch);
                        site.run(Step::Delete);
                        acknowledge(site, version);
                        Writer::Late { epoch, version }
                    }
                }
            }
            (Writer::Unsure { epoch, version }, WriterMove::Release) => {
                release(site, epoch);
                match site.releases_first() {
                    true => Writer::Committed { epoch: None, version },
                    false => {
                        site.run(Step::Delete);
                        acknowledge(site, version)
                    }
                }
            }
            (Writer::Overtaking { epoch, version, .. }, WriterMove::Release) => {
                release(site, epoch);
                Writer::Overtaking { epoch, version, released: true }
            }
            (Writer::Overtaking { epoch, version, .. }, WriterMove::Delete) => {
                site.run(Step::Delete);
                acknowledge(site, version);
                Writer::Late { epoch, version }
            }
            (Writer::Late { epoch, version }, WriterMove::Arrive { value }) => {
                settle(site, epoch, value.then_some(version));
                Writer::Gone
            }
            (Writer::Committed { epoch: None, version }, WriterMove::Delete) => {
                site.run(Step::Delete);
                acknowledge(site, version)
            }
            (
                Writer::Fenced { .. }
                | Writer::Settled
                | Writer::Committed { .. }
                | Writer::Unsure { .. }
                | Writer::Overtaking { .. }
                | Writer::Late { .. },
                WriterMove::Die,
            ) => Writer::Gone,
            (writer, step) => unreachable!("{step:?} is no move of {writer:?}"),
        };
    }
}

fn fence(site: &mut impl Site, heard: bool) -> Writer {
    if !site.fences() {
        return Writer::Fenced { epoch: None, promises: true };
    }
    let epoch = site.fresh();
    match site.run(Step::Fence { epoch, life: LIFE }) {
        Reply::Fenced(epoch) if heard => Writer::Fenced { epoch: Some(epoch), promises: true },
        _ => Writer::Fenced { epoch: Some(epoch), promises: false },
    }
}

fn commit(site: &mut impl Site, epoch: Option<Nonce>, promises: bool) -> Writer {
    let stands = epoch.is_some_and(|epoch| site.stands(epoch, promises));
    Writer::Committed { epoch, version: site.row().commit(stands, promises) }
}

fn settle(site: &mut impl Site, epoch: Nonce, value: Option<Version>) {
    let value = value.map(|version| (site.fresh(), version, LIFE));
    site.run(Step::Settle { epoch, value });
}

fn release(site: &mut impl Site, epoch: Nonce) {
    site.run(Step::Release { expected: Expected::Fence(epoch) });
}

fn acknowledge(site: &mut impl Site, version: Version) -> Writer {
    site.row().acknowledge(version);
    Writer::Gone
}

impl Writer {
    /// What stood for its fence has expired. While it lives, that does not happen to what it `renews`.
    pub(super) fn lose(&mut self, renews: impl Fn(Step<Version>) -> bool) {
        if let Writer::Fenced { epoch: Some(epoch), promises } = self {
            let expected = Expected::Fence(*epoch);
            *promises &= !renews(Step::Renew { expected, life: LIFE });
        }
    }

    /// Its server has fallen back, and the key holds `key` now. What was on the way never arrives, and there is no promise for
    /// the death of a writer whose fence is gone.
    pub(super) fn fall<V>(&mut self, key: &State<V>) {
        match self {
            Writer::Fenced { epoch: Some(epoch), promises } => {
                *promises &= key.is(Expected::Fence(*epoch));
            }
            Writer::Late { .. } => *self = Writer::Gone,
            Writer::Overtaking { epoch, version, released: false } => {
                *self = Writer::Unsure { epoch: *epoch, version: *version };
            }
            Writer::Overtaking { version, .. } => {
                *self = Writer::Committed { epoch: None, version: *version };
            }
            _ => {}
        }
    }

    /// Whether it has not begun, or does nothing any more.
    pub(super) fn rests(&self) -> bool {
        matches!(self, Writer::Ready | Writer::Gone)
    }

    pub(super) fn nonce_mut(&mut self) -> Option<&mut Nonce> {
        match self {
            Writer::Fenced { epoch, .. } | Writer::Committed { epoch, .. } => epoch.as_mut(),
            Writer::Unsure { epoch, .. }
            | Writer::Overtaking { epoch, .. }
            | Writer::Late { epoch, .. } => Some(epoch),
            Writer::Ready | Writer::Settled | Writer::Gone => None,
        }
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&mut self, in_force: Version) {
        match self {
            // It will neither be stored nor raise what is in force.
            Writer::Committed { epoch: None | Some(NEVER), version } if *version <= in_force => {
                *version = 0
            }
            Writer::Unsure { epoch: NEVER, version }
            | Writer::Overtaking { epoch: NEVER, version, .. }
                if *version <= in_force =>
            {
                *version = 0
            }
            Writer::Late { epoch: NEVER, version } => *version = 0,
            _ => {}
        }
    }

    pub(super) fn encode(&self, code: &mut Code) {
        let (at, epoch, promises, version) = match *self {
            Writer::Gone => (0_u32, None, false, 0),
            Writer::Ready => (1, None, false, 0),
            Writer::Fenced { epoch, promises } => (2, epoch, promises, 0),
            Writer::Committed { epoch, version } => (3, epoch, false, version),
            Writer::Late { epoch, version } => (4, Some(epoch), false, version),
            Writer::Unsure { epoch, version } => (5, Some(epoch), false, version),
            Writer::Overtaking { epoch, version, released } => {
                (6 + u32::from(released), Some(epoch), false, version)
            }
            Writer::Settled => (0, None, true, 0),
        };
        code.put(3, at);
        code.put(1, u8::from(epoch.is_some()));
        code.nonce(epoch.unwrap_or(NEVER));
        code.version(version | u8::from(promises));
    }
}

impl fmt::Display for WriterMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, heard) = match self {
            WriterMove::Fence { heard } => ("fences", *heard),
            WriterMove::Return => ("has a function return", true),
            WriterMove::Commit => ("commits", true),
            WriterMove::GiveUp => ("settles without having committed", true),
            WriterMove::Settle { value: true, heard } => ("settles with its value", *heard),
            WriterMove::Settle { value: false, heard } => ("settles without a value", *heard),
            WriterMove::LoseSettlement => ("settles, which never arrives", true),
            WriterMove::Overtake => ("settles, which is late", true),
            WriterMove::Release => ("releases its fence, should it be its own alone", true),
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
