//! Flights: callers that share a load, and the leader among them.

use std::fmt;

use super::{Key, rule::Rule, world::World};
use crate::protocol::{
    Expected, Nonce, Pending, Reply, State, Step,
    model::{
        callers::Callers,
        code::Code,
        pending,
        row::{Version, Violation},
        state::{self, LIFE, NEVER},
    },
};

const NO_REFRESH: Rule = Rule::Pending(pending::Rule::NoRefresh);

/// The callers that wait on one key in one process.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::protocol::model) struct Flight {
    phase: Phase,
    callers: Callers,
}

/// Where the leader is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
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

impl Key {
    /// The world after a move of a flight, where that is possible.
    pub(super) fn fly(
        &self,
        world: &World,
        which: usize,
        step: FlightMove,
    ) -> Result<Option<World>, Violation> {
        let flight = &world.flights[which];
        let mut next = world.clone();
        match (flight.phase, step) {
            (_, FlightMove::Join) if flight.callers.have_room() => {
                next.flights[which].callers.join(world.row.in_force);
            }
            (Phase::Begun, FlightMove::Acquire { heard }) => {
                self.acquire(&mut next, which, heard)?
            }
            (Phase::Begun, FlightMove::Refresh) => {
                let stamp = match &world.key {
                    State::Value(stamp, _) => *stamp,
                    State::Pending(p) if self.broken == Some(NO_REFRESH) => p.stamp,
                    _ => return Ok(None),
                };
                next.flights[which].phase = Phase::Holding(Expected::Value(stamp));
            }
            (Phase::Holding(expected), FlightMove::Load) => {
                let (version, mark) = (world.row.version, flight.callers.count());
                next.flights[which].phase = Phase::Loaded { expected, version, mark };
            }
            (Phase::Loaded { expected, version, mark }, FlightMove::Fill) => {
                let filled = self.fill(&mut next, expected, version);
                self.share(&mut next.flights[which], filled, version, mark)?;
            }
            (Phase::Loaded { expected, version, mark }, FlightMove::Release) => {
                let released = self.run(&mut next, Step::Release { expected });
                self.share(&mut next.flights[which], released, version, mark)?;
            }
            (Phase::Loaded { expected, version, mark }, FlightMove::TimeOut)
                if world.key.is(expected) && world.late.is_none() =>
            {
                next.late = Some((expected, version));
                self.share(&mut next.flights[which], Reply::Superseded, version, mark)?;
            }
            (Phase::Loaded { expected, version, .. }, FlightMove::CancelFill)
                if world.key.is(expected) && world.late.is_none() =>
            {
                next.late = Some((expected, version));
                next.flights[which].leave(1, Phase::Begun);
            }
            (phase, FlightMove::Cancel) => {
                let inherited = match phase {
                    Phase::Begun => Phase::Begun,
                    Phase::Holding(expected) | Phase::Loaded { expected, .. } => {
                        Phase::Holding(expected)
                    }
                };
                next.flights[which].leave(1, inherited);
            }
            (_, FlightMove::Die) => next.flights[which] = Flight::idle(flight.callers.room()),
            _ => return Ok(None),
        }
        Ok(Some(next))
    }

    fn acquire(&self, world: &mut World, which: usize, heard: bool) -> Result<(), Violation> {
        let token = match self.broken {
            // Numbers that no fresh nonce reaches.
            Some(Rule::NewToken) => Nonce([14 + which as u8; 16]),
            _ => self.fresh(world),
        };
        let reply = self.run(world, Step::Acquire { token, life: LIFE });
        let flight = &mut world.flights[which];
        flight.phase = match reply {
            Reply::Acquired if heard => Phase::Holding(Expected::Lease(token)),
            Reply::Found(
                State::Value(_, version) | State::Pending(Pending { value: version, .. }),
            ) if heard => {
                return flight.hand(flight.callers.count(), version);
            }
            _ => Phase::Holding(Expected::Lease(NEVER)),
        };
        Ok(())
    }

    pub(super) fn fill(
        &self,
        world: &mut World,
        expected: Expected,
        value: Version,
    ) -> Reply<Version> {
        let stamp = self.fresh(world);
        self.run(world, Step::Fill { expected, stamp, value, life: LIFE })
    }

    /// Hands a loaded value to all, where the store's answer proves that nothing was written since the
    /// lease was taken; otherwise to those who joined before the load.
    fn share(
        &self,
        flight: &mut Flight,
        reply: Reply<Version>,
        version: Version,
        mark: usize,
    ) -> Result<(), Violation> {
        let proven = reply == Reply::Done || self.broken == Some(Rule::Marks);
        flight.hand(if proven { flight.callers.count() } else { mark }, version)
    }
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
    fn hand(&mut self, first: usize, version: Version) -> Result<(), Violation> {
        self.callers.hand(first, version)?;
        self.phase = Phase::Begun;
        Ok(())
    }

    /// The first callers leave; the oldest of the rest leads, from this phase on.
    fn leave(&mut self, first: usize, phase: Phase) {
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
