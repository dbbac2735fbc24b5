//! What the leader of a flight does, and what interrupts it.

use super::super::{
    Key,
    flight::{Flight, FlightMove, Phase},
    rule::{Rule, pending},
    world::World,
};
use cache_runtime::protocol::{Expected, Pending, Reply, State, Step};

use crate::{
    row::{Version, Violation},
    state::{self, LIFE, NEVER},
};

const NO_REFRESH: Rule = Rule::Pending(pending::Rule::NoRefresh);

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
                let stamp = match &world.key.clone().under(self.incarnation(world)) {
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
            (Phase::Holding(_) | Phase::Loaded { .. }, FlightMove::TakeOver)
                if self.overtaken && flight.callers.count() > 1 && flight.former.is_none() =>
            {
                next.flights[which].take_over();
            }
            (
                _,
                FlightMove::FormerLoad
                | FlightMove::FormerFill
                | FlightMove::FormerTimeOut
                | FlightMove::FormerCancel,
            ) => return self.former(next, which, step),
            (_, FlightMove::Die) => next.flights[which] = Flight::idle(flight.callers.room()),
            _ => return Ok(None),
        }
        Ok(Some(next))
    }

    /// The world after a move of a leader that was taken over from.
    fn former(
        &self,
        mut next: World,
        which: usize,
        step: FlightMove,
    ) -> Result<Option<World>, Violation> {
        let former = next.flights[which].former.take();
        match (former, step) {
            (Some(Phase::Holding(expected)), FlightMove::FormerLoad) => {
                let mark = next.flights[which].callers.count().saturating_sub(1);
                let version = next.row.version;
                next.flights[which].former = Some(Phase::Loaded { expected, version, mark });
            }
            (Some(Phase::Loaded { expected, version, mark }), FlightMove::FormerFill) => {
                let expected = match &next.key {
                    State::Leased(any) if self.broken == Some(Rule::FormerLease) => {
                        Expected::Lease(*any)
                    }
                    _ => expected,
                };
                let proven = self.fill(&mut next, expected, version) == Reply::Done
                    || self.broken == Some(Rule::FormerMarks);
                let flight = &mut next.flights[which];
                let waiting = flight.callers.count().saturating_sub(1);
                flight.hand_waiting(if proven { waiting } else { mark }, version)?;
            }
            (Some(Phase::Loaded { expected, version, mark }), FlightMove::FormerTimeOut)
                if next.key.is(expected) && next.late.is_none() =>
            {
                next.late = Some((expected, version));
                next.flights[which].hand_waiting(mark, version)?;
            }
            (Some(_), FlightMove::FormerCancel) => {}
            _ => return Ok(None),
        }
        Ok(Some(next))
    }

    fn acquire(&self, world: &mut World, which: usize, heard: bool) -> Result<(), Violation> {
        let token = match self.broken {
            // Numbers that no fresh nonce reaches.
            Some(Rule::NewToken) => state::nonce(14 + which as u8),
            _ => self.fresh(world),
        };
        // What is found void is replaced: by a step of its own, which does the same where that is gone by then.
        let step = match world.key.clone().under(self.incarnation(world)) {
            State::Void(stale) => Step::Take { stale, token, life: LIFE },
            _ => Step::Acquire { token, life: LIFE },
        };
        let reply = self.run(world, step);
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
