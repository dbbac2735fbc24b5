//! Flights of a tagged entry: where each of them is, and what can happen to it.

use std::fmt;

use super::{Tags, keys::Stored, rule::Rule};
use cache_runtime::protocol::{Expected, Nonce};

use crate::{
    callers::Callers,
    code::Code,
    state::{self, NEVER},
};

/// The callers that wait on one entry in one process.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Flight {
    pub(super) phase: Phase,
    pub(super) callers: Callers,
}

/// Where the leader is. Marks say how many callers had joined at a moment.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Phase {
    /// About to acquire, if there is a leader at all. Of an overlay: about to look at the primary key.
    Begun,
    /// Of an overlay: knows the primary key's stamp, and is about to acquire.
    Noted { tag: Nonce, mark: usize },
    /// Has found a value where it was to acquire, and is about to ask for the tag's stamp.
    Found { stored: Stored, mark: usize },
    /// About to ask for the tag's stamp, with a lease or the stamp of a value to renew.
    Placed(Expected),
    /// About to load. A lease that [never](NEVER) was stands for none: nothing will be stored.
    Holding { expected: Expected, tag: Nonce },
    /// Has loaded the value that names the tag, and is about to ask for the stamp. It is to be `stored.tag`, which stood when the
    /// load began.
    Learning { expected: Expected, stored: Stored, mark: usize },
    /// About to fill; the first `mark` callers had joined when the load began.
    Loaded { expected: Expected, stored: Stored, mark: usize },
    /// The fill was accepted when `proven` callers had joined; about to read the tag again.
    Filled { stored: Stored, mark: usize, proven: usize },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum FlightMove {
    /// A caller calls.
    Join,
    /// Of an overlay: looks at the primary key.
    Note,
    Acquire {
        heard: bool,
    },
    /// Acquires the place of a value that was found not to be good.
    Take,
    /// The leader finds a value, and goes on to replace it under its stamp.
    Refresh,
    Stamp {
        heard: bool,
    },
    Load,
    Fill,
    /// The leader's value is not to be stored.
    Release,
    ReadAgain,
    /// The deadline of a fill passes before its answer comes.
    TimeOut,
    /// The leader is dropped, and hands over with its lease, and the stamp unless it is to be asked `anew`.
    Cancel {
        anew: bool,
    },
    /// The leader is dropped while it waits for the answer to its fill.
    CancelFill,
    /// The process dies.
    Die,
}

/// About to load, and to store nothing.
pub(super) const BARE: Phase = Phase::Holding { expected: Expected::Lease(NEVER), tag: NEVER };

impl Phase {
    /// Where the next leader begins if the leader is dropped.
    pub(super) fn inherited(self, anew: bool) -> Phase {
        match self {
            Phase::Begun | Phase::Noted { .. } | Phase::Found { .. } | Phase::Filled { .. } => {
                Phase::Begun
            }
            Phase::Learning { expected, .. } => Phase::Placed(expected),
            Phase::Holding { expected, .. } | Phase::Loaded { expected, .. } if anew => {
                Phase::Placed(expected)
            }
            Phase::Loaded { expected, stored: Stored { tag, .. }, .. } => {
                Phase::Holding { expected, tag }
            }
            phase => phase,
        }
    }
}

impl Flight {
    /// Nobody calls.
    pub(super) fn idle(room: usize) -> Flight {
        Flight { phase: Phase::Begun, callers: Callers::none(room) }
    }

    /// What it can do where it is, if the keys and its room allow.
    pub(super) fn moves(&self, model: &Tags) -> &'static [FlightMove] {
        use FlightMove::{
            Acquire, Cancel, CancelFill, Die, Fill, Join, Load, Note, ReadAgain, Refresh, Release,
            Stamp, Take, TimeOut,
        };
        const DROPPED: FlightMove = Cancel { anew: false };
        match self.phase {
            Phase::Begun if self.callers.count() == 0 => &[Join],
            Phase::Begun if model.overlay => &[Join, Note, DROPPED, Die],
            Phase::Begun | Phase::Noted { .. } => &[
                Join,
                Acquire { heard: true },
                Acquire { heard: false },
                Take,
                Refresh,
                DROPPED,
                Die,
            ],
            Phase::Found { .. } => {
                &[Join, Stamp { heard: true }, Stamp { heard: false }, DROPPED, Die]
            }
            Phase::Placed(_) if model.learns => &[Join, Load, DROPPED, Die],
            Phase::Learning { .. } => {
                &[Join, Stamp { heard: true }, Stamp { heard: false }, DROPPED, Die]
            }
            Phase::Placed(_) => {
                &[Join, Stamp { heard: true }, Stamp { heard: false }, Load, DROPPED, Die]
            }
            Phase::Holding { .. } if model.overlay => &[Join, Load, DROPPED, Die],
            Phase::Holding { .. } => &[Join, Load, DROPPED, Cancel { anew: true }, Die],
            Phase::Loaded { .. } => &[
                Join,
                Stamp { heard: true },
                Fill,
                Release,
                TimeOut,
                DROPPED,
                Cancel { anew: true },
                CancelFill,
                Die,
            ],
            Phase::Filled { .. } => &[Join, ReadAgain, DROPPED, Die],
        }
    }

    pub(super) fn rests(&self) -> bool {
        self.callers.count() == 0
    }

    /// Whether the other is the same but for the callers.
    pub(super) fn is_like(&self, other: &Flight) -> bool {
        self.callers.room() == other.callers.room()
    }

    /// The leader goes on from there, if there is one.
    pub(super) fn go_on(&mut self, phase: Phase) {
        self.phase = if self.callers.count() == 0 { Phase::Begun } else { phase };
    }

    pub(super) fn expected_mut(&mut self) -> Option<&mut Nonce> {
        match &mut self.phase {
            Phase::Placed(expected)
            | Phase::Holding { expected, .. }
            | Phase::Learning { expected, .. }
            | Phase::Loaded { expected, .. } => Some(state::expected(expected)),
            _ => None,
        }
    }

    /// The stamp that the leader has recorded.
    pub(super) fn tag_mut(&mut self) -> Option<&mut Nonce> {
        match &mut self.phase {
            Phase::Begun | Phase::Placed(_) => None,
            Phase::Noted { tag, .. } | Phase::Holding { tag, .. } => Some(tag),
            Phase::Found { stored, .. }
            | Phase::Learning { stored, .. }
            | Phase::Loaded { stored, .. }
            | Phase::Filled { stored, .. } => Some(&mut stored.tag),
        }
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&mut self, model: &Tags) {
        match &mut self.phase {
            // It will not be found good.
            Phase::Found { stored, .. } if stored.tag == NEVER => self.phase = Phase::Begun,
            // Nothing will be stored.
            Phase::Holding { expected, tag }
            | Phase::Loaded { expected, stored: Stored { tag, .. }, .. }
                if state::is_lost(*expected) =>
            {
                (*expected, *tag) = (Expected::Lease(NEVER), NEVER);
            }
            Phase::Placed(expected) if state::is_lost(*expected) => self.phase = BARE,
            Phase::Learning { expected, stored, mark } if state::is_lost(*expected) => {
                let (expected, stored) = (Expected::Lease(NEVER), Stored { tag: NEVER, ..*stored });
                self.phase = Phase::Loaded { expected, stored, mark: *mark };
            }
            _ => {}
        }
        let (loaded, first) = match self.phase {
            Phase::Found { stored, .. } if model.broken == Some(Rule::FoundFirst) => {
                (Some(stored.version), self.callers.count())
            }
            Phase::Found { stored, mark } => (Some(stored.version), mark),
            Phase::Filled { stored, proven, .. } => (Some(stored.version), proven),
            Phase::Learning { stored, .. } | Phase::Loaded { stored, .. } => {
                (Some(stored.version), self.callers.count())
            }
            _ => (None, 0),
        };
        self.callers.forget(first, loaded);
    }

    pub(super) fn encode(&self, code: &mut Code) {
        let (lost, nothing) = (Expected::Lease(NEVER), Stored { version: 0, tag: NEVER });
        let bare = |tag| Stored { tag, ..nothing };
        let (at, expected, stored, mark, proven) = match self.phase {
            Phase::Begun => (0_u32, lost, nothing, 0, 0),
            Phase::Noted { tag, mark } => (1, lost, bare(tag), mark, 0),
            Phase::Found { stored, mark } => (2, lost, stored, mark, 0),
            Phase::Placed(expected) => (3, expected, nothing, 0, 0),
            Phase::Holding { expected, tag } => (4, expected, bare(tag), 0, 0),
            Phase::Loaded { expected, stored, mark } => (5, expected, stored, mark, 0),
            Phase::Filled { stored, mark, proven } => (6, lost, stored, mark, proven),
            Phase::Learning { expected, stored, mark } => (7, expected, stored, mark, 0),
        };
        code.put(3, at);
        code.expected(expected);
        stored.encode(code);
        code.put(2, mark as u8);
        code.put(2, proven as u8);
        self.callers.encode(code);
    }
}

impl fmt::Display for FlightMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FlightMove::Join => "a caller calls",
            FlightMove::Note => "looks at the primary key",
            FlightMove::Acquire { heard: true } => "acquires",
            FlightMove::Acquire { heard: false } => "acquires, and the answer is lost",
            FlightMove::Take => "acquires the place of a value that is not good",
            FlightMove::Refresh => "finds a value, and sets out to renew it",
            FlightMove::Stamp { heard: true } => "asks for the tag's stamp",
            FlightMove::Stamp { heard: false } => {
                "asks for the tag's stamp, and the answer is lost"
            }
            FlightMove::Load => "loads",
            FlightMove::Fill => "fills",
            FlightMove::Release => "releases, for its value is not to be stored",
            FlightMove::ReadAgain => "reads the tag again, and shares",
            FlightMove::TimeOut => "sends a fill, and gives up waiting for its answer",
            FlightMove::Cancel { anew: false } => "the leader is dropped",
            FlightMove::Cancel { anew: true } => "the leader is dropped, and its stamp forgotten",
            FlightMove::CancelFill => "the leader is dropped when its fill is sent",
            FlightMove::Die => "dies",
        })
    }
}
