//! Flights: callers that share a load, and where the leader among them is.

use std::fmt;

use cache_runtime::protocol::{Expected, Nonce};

use crate::{
    callers::Callers,
    code::Code,
    row::{Version, Violation},
    state::{self, NEVER},
};

/// The callers that wait on one key in one process.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Flight {
    pub(super) phase: Phase,
    pub(super) callers: Callers,
    /// Where a leader is that was taken over from. Its own caller has called before it loads. The mark counts those who wait,
    /// without the leader.
    pub(super) former: Option<Phase>,
}

/// Where the leader is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Phase {
    /// About to acquire, if there is a leader at all.
    Begun,
    /// About to load. A lease that [never](NEVER) was stands for none.
    Holding(Expected),
    /// About to fill; the first `mark` callers had joined when the load began.
    Loaded { expected: Expected, version: Version, mark: usize },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum FlightMove {
    /// A caller calls.
    Join,
    Acquire {
        heard: bool,
    },
    /// The leader finds a value, and goes on to replace it under its stamp.
    Refresh,
    Load,
    Fill,
    /// The leader's value is not to be stored.
    Release,
    /// The deadline of a fill passes before its answer comes.
    TimeOut,
    /// The leader is dropped, and hands over with its lease.
    Cancel,
    /// The leader is dropped while it waits for the answer to its fill.
    CancelFill,
    /// The oldest of those who wait takes over.
    TakeOver,
    /// The leader that was taken over from goes on.
    FormerLoad,
    FormerFill,
    FormerTimeOut,
    FormerCancel,
    /// The process dies.
    Die,
}

impl Flight {
    /// What it can do where it is, if the key and its room allow.
    pub(super) fn moves(&self) -> impl Iterator<Item = FlightMove> + use<> {
        use FlightMove::{
            Acquire, Cancel, CancelFill, Die, Fill, FormerCancel, FormerFill, FormerLoad,
            FormerTimeOut, Join, Load, Refresh, Release, TakeOver, TimeOut,
        };
        let own: &[FlightMove] = match self.phase {
            Phase::Begun if self.callers.count() == 0 => &[Join],
            Phase::Begun => {
                &[Join, Acquire { heard: true }, Acquire { heard: false }, Refresh, Cancel, Die]
            }
            Phase::Holding(_) => &[Join, Load, Cancel, TakeOver, Die],
            Phase::Loaded { .. } => {
                &[Join, Fill, Release, TimeOut, Cancel, CancelFill, TakeOver, Die]
            }
        };
        let former: &[FlightMove] = match self.former {
            None | Some(Phase::Begun) => &[],
            Some(Phase::Holding(_)) => &[FormerLoad, FormerCancel],
            Some(Phase::Loaded { .. }) => &[FormerFill, FormerTimeOut, FormerCancel],
        };
        own.iter().chain(former).copied()
    }

    /// Nobody calls.
    pub(super) fn idle(room: usize) -> Flight {
        Flight { phase: Phase::Begun, callers: Callers::none(room), former: None }
    }

    pub(super) fn rests(&self) -> bool {
        self.callers.count() == 0 && self.former.is_none()
    }

    /// Whether the other is the same but for the callers.
    pub(super) fn is_like(&self, other: &Flight) -> bool {
        self.callers.room() == other.callers.room()
    }

    /// Hands a version to the first callers, who leave.
    pub(super) fn hand(&mut self, first: usize, version: Version) -> Result<(), Violation> {
        self.callers.hand(first, version)?;
        self.left(first);
        self.phase = Phase::Begun;
        Ok(())
    }

    /// Those whom the former leader's mark counts are fewer: the first callers have left, and the next one leads.
    fn left(&mut self, first: usize) {
        if let Some(Phase::Loaded { mark, .. }) = &mut self.former {
            *mark = mark.saturating_sub(first);
        }
    }

    /// The oldest of those who wait leads. The leader before it goes on by itself.
    pub(super) fn take_over(&mut self) {
        let mut former = std::mem::replace(&mut self.phase, Phase::Begun);
        if let Phase::Loaded { mark, .. } = &mut former {
            // Itself, and who has taken over.
            *mark = mark.saturating_sub(2);
        }
        self.callers.leave(1);
        self.former = Some(former);
    }

    /// Hands a version to the first of those who wait, who leave. The leader stays.
    pub(super) fn hand_waiting(&mut self, first: usize, version: Version) -> Result<(), Violation> {
        if let Phase::Loaded { mark, .. } = &mut self.phase {
            // It counts the leader too.
            *mark = (*mark).saturating_sub(first).max(1);
        }
        self.callers.hand_waiting(first, version)
    }

    /// The first callers leave; the oldest of the rest leads, from this phase on.
    pub(super) fn leave(&mut self, first: usize, phase: Phase) {
        self.callers.leave(first);
        self.left(first);
        self.phase = if self.callers.count() == 0 { Phase::Begun } else { phase };
    }

    pub(super) fn nonces_mut(&mut self) -> impl Iterator<Item = &mut Nonce> {
        self.phases_mut().filter_map(|phase| match phase {
            Phase::Begun => None,
            Phase::Holding(expected) | Phase::Loaded { expected, .. } => {
                Some(state::expected(expected))
            }
        })
    }

    /// The versions that were loaded, while they have not been handed out.
    pub(super) fn versions_mut(&mut self) -> impl Iterator<Item = &mut Version> {
        self.phases_mut().filter_map(|phase| match phase {
            Phase::Begun | Phase::Holding(_) => None,
            Phase::Loaded { version, .. } => Some(version),
        })
    }

    fn phases_mut(&mut self) -> impl Iterator<Item = &mut Phase> {
        std::iter::once(&mut self.phase).chain(&mut self.former)
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&mut self) {
        // With two loads under way, what was in force for a caller tells which of them it may have.
        if self.former.is_none() {
            let loaded = self.versions_mut().next().copied();
            self.callers.forget(self.callers.count(), loaded);
        }
        for phase in self.phases_mut() {
            if let Phase::Holding(expected) | Phase::Loaded { expected, .. } = phase
                && state::is_lost(*expected)
            {
                *expected = Expected::Lease(NEVER);
            }
        }
    }

    pub(super) fn encode(&self, code: &mut Code) {
        self.phase.encode(code);
        code.put(1, u32::from(self.former.is_some()));
        if let Some(former) = &self.former {
            former.encode(code);
        }
        self.callers.encode(code);
    }
}

impl Phase {
    fn encode(&self, code: &mut Code) {
        let lost = Expected::Lease(NEVER);
        let (at, expected, version, mark) = match *self {
            Phase::Begun => (0_u32, lost, 0, 0),
            Phase::Holding(expected) => (1, expected, 0, 0),
            Phase::Loaded { expected, version, mark } => (2, expected, version, mark),
        };
        code.put(2, at);
        code.expected(expected);
        code.version(version);
        code.put(2, mark as u8);
    }
}

impl fmt::Display for FlightMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FlightMove::Join => "a caller calls",
            FlightMove::Acquire { heard: true } => "acquires",
            FlightMove::Acquire { heard: false } => "acquires, and the answer is lost",
            FlightMove::Refresh => "finds a value, and sets out to renew it",
            FlightMove::Load => "loads",
            FlightMove::Fill => "fills",
            FlightMove::Release => "releases, for its value is not to be stored",
            FlightMove::TimeOut => "sends a fill, and gives up waiting for its answer",
            FlightMove::Cancel => "the leader is dropped",
            FlightMove::CancelFill => "the leader is dropped when its fill is sent",
            FlightMove::TakeOver => "the oldest of those who wait takes over",
            FlightMove::FormerLoad => "the former leader loads",
            FlightMove::FormerFill => "the former leader fills",
            FlightMove::FormerTimeOut => "the former leader sends a fill, and gives up waiting",
            FlightMove::FormerCancel => "the former leader is dropped",
            FlightMove::Die => "dies",
        })
    }
}
