//! Flights: callers that share a load, and the leader among them.

use std::{array, fmt};

use super::{
    code::Code,
    rule::Rule,
    world::{LIFE, Model, NEVER, Version, Violation, World},
};
use crate::protocol::{Expected, Nonce, Reply, State, Step};

/// The most callers that a flight has room for.
const ROOM: usize = 3;

/// The callers that wait on one key in one process.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Flight {
    phase: Phase,
    /// What was in force when each caller called, in the order of their tickets; the first one leads.
    callers: [Version; ROOM],
    count: usize,
    /// How many there may be at a time.
    room: usize,
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
pub(super) enum FlightMove {
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

impl Model {
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
            (_, FlightMove::Join) if flight.count < flight.room => {
                next.flights[which].join(world.in_force);
            }
            (Phase::Begun, FlightMove::Acquire { heard }) => {
                self.acquire(&mut next, which, heard)?
            }
            (Phase::Begun, FlightMove::Refresh) => {
                let State::Value(stamp, _) = world.key else { return Ok(None) };
                next.flights[which].phase = Phase::Holding(Expected::Value(stamp));
            }
            (Phase::Holding(expected), FlightMove::Load) => {
                let (version, mark) = (world.row, flight.count);
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
            (_, FlightMove::Die) => next.flights[which] = Flight::idle(flight.room),
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
            Reply::Found(State::Value(_, version)) if heard => {
                return flight.hand(flight.count, version);
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
        flight.hand(if proven { flight.count } else { mark }, version)
    }
}

impl Flight {
    /// What it can do where it is, if the key and its room allow.
    pub(super) fn moves(&self) -> &'static [FlightMove] {
        use FlightMove::{
            Acquire, Cancel, CancelFill, Die, Fill, Join, Load, Refresh, Release, TimeOut,
        };
        match self.phase {
            Phase::Begun if self.count == 0 => &[Join],
            Phase::Begun => {
                &[Join, Acquire { heard: true }, Acquire { heard: false }, Refresh, Cancel, Die]
            }
            Phase::Holding(_) => &[Join, Load, Cancel, Die],
            Phase::Loaded { .. } => &[Join, Fill, Release, TimeOut, Cancel, CancelFill, Die],
        }
    }

    /// Nobody calls.
    pub(super) fn idle(room: usize) -> Flight {
        assert!(room <= ROOM);
        Flight { phase: Phase::Begun, callers: [0; ROOM], count: 0, room }
    }

    pub(super) fn room(&self) -> usize {
        self.room
    }

    pub(super) fn rests(&self) -> bool {
        self.count == 0
    }

    fn join(&mut self, in_force: Version) {
        self.callers[self.count] = in_force;
        self.count += 1;
    }

    /// Hands a version to the first callers, who leave.
    fn hand(&mut self, first: usize, version: Version) -> Result<(), Violation> {
        let newest = self.callers[..first].iter().copied().max().unwrap_or_default();
        if version < newest {
            return Err(Violation::Handed { version, in_force: newest });
        }
        self.leave(first, Phase::Begun);
        Ok(())
    }

    /// The first callers leave; the oldest of the rest leads, from this phase on.
    fn leave(&mut self, first: usize, phase: Phase) {
        let callers = self.callers;
        self.callers = array::from_fn(|at| callers.get(at + first).copied().unwrap_or_default());
        self.count -= first;
        self.phase = if self.count == 0 { Phase::Begun } else { phase };
    }

    pub(super) fn nonce_mut(&mut self) -> Option<&mut Nonce> {
        match &mut self.phase {
            Phase::Begun => None,
            Phase::Holding(expected) | Phase::Loaded { expected, .. } => Some(nonce_mut(expected)),
        }
    }

    /// Forgets what makes no difference any more.
    pub(super) fn forget(&mut self) {
        let old_enough = match &mut self.phase {
            // Whatever these callers get is still to be loaded, or to be found in the key.
            Phase::Begun | Phase::Holding(_) => Version::MAX,
            Phase::Loaded { version, .. } => *version,
        };
        for called in &mut self.callers {
            *called = if *called <= old_enough { 0 } else { old_enough + 1 };
        }
        if let Phase::Holding(expected) | Phase::Loaded { expected, .. } = &mut self.phase
            && *nonce_mut(expected) == NEVER
        {
            *expected = Expected::Lease(NEVER);
        }
    }

    pub(super) fn code(&self) -> u32 {
        let mut code = Code::default();
        code.put(2, self.count as u8);
        match self.phase {
            Phase::Begun => code.put(2, 0_u32),
            Phase::Holding(expected) => {
                code.put(2, 1_u32);
                code.expected(expected);
            }
            Phase::Loaded { expected, version, mark } => {
                code.put(2, 2_u32);
                code.expected(expected);
                code.put(2, version);
                code.put(2, mark as u8);
            }
        }
        self.callers.iter().for_each(|&version| code.put(2, version));
        code.finish() as u32
    }

    pub(super) const BITS: u32 = 2 + 2 + Code::EXPECTED + 2 + 2 + 2 * ROOM as u32;
}

pub(super) fn nonce_mut(expected: &mut Expected) -> &mut Nonce {
    match expected {
        Expected::Lease(nonce) | Expected::Value(nonce) | Expected::Fence(nonce) => nonce,
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
