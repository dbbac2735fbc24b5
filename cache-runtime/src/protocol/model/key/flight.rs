//! Flights: callers that share a load, and where the leader among them is.

use std::fmt;

use crate::protocol::{
    Expected, Nonce,
    model::{
        callers::Callers,
        code::Code,
        row::{Version, Violation},
        state::{self, NEVER},
    },
};

/// The callers that wait on one key in one process.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::protocol::model) struct Flight {
    pub(super) phase: Phase,
    pub(super) callers: Callers,
}

/// Where the leader is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::protocol::model) enum Phase {
    /// About to acquire, if there is a leader at all.
    Begun,
    /// About to load. A lease that [never](NEVER) was stands for none.
    Holding(Expected),
    /// About to fill; the first `mark` callers had joined when the load began.
    Loaded { expected: Expected, version: Version, mark: usize },
}

#[derive(Clone, Copy, Debug)]
pub(in crate::protocol::model) enum FlightMove {
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
    /// The process dies.
    Die,
}

impl Flight {
    /// What it can do where it is, if the key and its room allow.
    pub(super) fn moves(&self) -> &'static [FlightMove] {
        use FlightMove::{
            Acquire, Cancel, CancelFill, Die, Fill, Join, Load, Refresh, Release, TimeOut,
        };
        match self.phase {
            Phase::Begun if self.callers.count() == 0 => &[Join],
            Phase::Begun => {
                &[Join, Acquire { heard: true }, Acquire { heard: false }, Refresh, Cancel, Die]
            }
            Phase::Holding(_) => &[Join, Load, Cancel, Die],
            Phase::Loaded { .. } => &[Join, Fill, Release, TimeOut, Cancel, CancelFill, Die],
        }
    }

    /// Nobody calls.
    pub(super) fn idle(room: usize) -> Flight {
        Flight { phase: Phase::Begun, callers: Callers::none(room) }
    }

    pub(super) fn rests(&self) -> bool {
        self.callers.count() == 0
    }

    /// Whether the other is the same but for the callers.
    pub(super) fn is_like(&self, other: &Flight) -> bool {
        self.callers.room() == other.callers.room()
    }

    /// Hands a version to the first callers, who leave.
    pub(super) fn hand(&mut self, first: usize, version: Version) -> Result<(), Violation> {
        self.callers.hand(first, version)?;
        self.phase = Phase::Begun;
        Ok(())
    }

    /// The first callers leave; the oldest of the rest leads, from this phase on.
    pub(super) fn leave(&mut self, first: usize, phase: Phase) {
        self.callers.leave(first);
        self.phase = if self.callers.count() == 0 { Phase::Begun } else { phase };
    }

    pub(super) fn nonce_mut(&mut self) -> Option<&mut Nonce> {
        match &mut self.phase {
            Phase::Begun => None,
            Phase::Holding(expected) | Phase::Loaded { expected, .. } => {
                Some(state::expected(expected))
            }
        }
    }

    /// The version that was loaded, while it has not been handed out.
    pub(super) fn version_mut(&mut self) -> Option<&mut Version> {
        match &mut self.phase {
            Phase::Begun | Phase::Holding(_) => None,
            Phase::Loaded { version, .. } => Some(version),
        }
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&mut self) {
        let loaded = self.version_mut().copied();
        self.callers.forget(self.callers.count(), loaded);
        if let Phase::Holding(expected) | Phase::Loaded { expected, .. } = &mut self.phase
            && state::is_lost(*expected)
        {
            *expected = Expected::Lease(NEVER);
        }
    }

    pub(super) fn encode(&self, code: &mut Code) {
        let lost = Expected::Lease(NEVER);
        let (at, expected, version, mark) = match self.phase {
            Phase::Begun => (0_u32, lost, 0, 0),
            Phase::Holding(expected) => (1, expected, 0, 0),
            Phase::Loaded { expected, version, mark } => (2, expected, version, mark),
        };
        code.put(2, at);
        code.expected(expected);
        code.version(version);
        code.put(2, mark as u8);
        self.callers.encode(code);
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
            FlightMove::Die => "dies",
        })
    }
}
