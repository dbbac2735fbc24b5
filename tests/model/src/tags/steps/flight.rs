//! What the leader of a flight does, which has two keys to ask, and what interrupts it.

use super::super::{
    Tags,
    flight::{BARE, FlightMove, Phase},
    keys::Stored,
    rule::Rule,
    world::World,
};
use cache_runtime::protocol::{Expected, Reply, State, Step};

use crate::{
    row::Violation,
    state::{LIFE, NEVER, NEW},
};

/// Where a move leads, if it is possible.
type Next = Result<Option<Phase>, Violation>;

impl Tags {
    /// The world after a move of a flight, where that is possible.
    pub(super) fn fly(
        &self,
        world: &World,
        which: usize,
        step: FlightMove,
    ) -> Result<Option<World>, Violation> {
        use FlightMove::{Acquire, Fill, Load, Note, ReadAgain, Refresh, Release, Stamp, Take};
        let mut next = world.clone();
        let phase = match step {
            Note | Acquire { .. } | Take | Refresh | Stamp { .. } => {
                self.ask(&mut next, which, step)?
            }
            Load | Fill | Release | ReadAgain => self.load(&mut next, which, step)?,
            _ => self.interrupt(&mut next, which, step)?,
        };
        let Some(phase) = phase else { return Ok(None) };
        next.flights[which].go_on(phase);
        Ok(Some(next))
    }

    /// What comes before a load.
    fn ask(&self, world: &mut World, which: usize, step: FlightMove) -> Next {
        let flight = &world.flights[which];
        let joined = flight.callers.count();
        Ok(Some(match (flight.phase, step) {
            (Phase::Begun, FlightMove::Note) => match self.current_stamp(world) {
                Some(tag) => Phase::Noted { tag, mark: joined },
                None => BARE,
            },
            (Phase::Begun | Phase::Noted { .. }, FlightMove::Acquire { heard }) => {
                let reply = self.run(world, Step::Acquire { token: NEW, life: LIFE });
                if heard { self.place(world, which, reply)? } else { BARE }
            }
            (Phase::Begun | Phase::Noted { .. }, FlightMove::Take) => {
                // What was found may have gone by now.
                let stale = if let State::Value(stamp, _) = world.entry { stamp } else { NEVER };
                let stale = Expected::Value(stale);
                let reply = self.run(world, Step::Take { stale, token: NEW, life: LIFE });
                self.place(world, which, reply)?
            }
            (phase, FlightMove::Refresh) => {
                let State::Value(stamp, stored) = world.entry else { return Ok(None) };
                let expected = Expected::Value(stamp);
                match phase {
                    Phase::Noted { tag, .. } => Phase::Holding { expected, tag },
                    _ if self.broken == Some(Rule::RefreshAsksAnew) => {
                        Phase::Holding { expected, tag: stored.tag }
                    }
                    _ => Phase::Placed(expected),
                }
            }
            (Phase::Placed(expected), FlightMove::Stamp { heard }) => {
                match self.stamp(world).filter(|_| heard) {
                    Some(tag) => Phase::Holding { expected, tag },
                    None => BARE,
                }
            }
            (Phase::Found { stored, mark }, FlightMove::Stamp { heard: true }) => {
                if self.stamp(world) == Some(stored.tag) {
                    let late = self.broken == Some(Rule::FoundFirst);
                    let first = if late { joined } else { mark };
                    world.flights[which].callers.hand(first, stored.version)?;
                }
                Phase::Begun
            }
            (Phase::Learning { expected, stored, mark }, FlightMove::Stamp { heard }) => {
                let found = self.stamp(world).filter(|_| heard);
                let is_older = found == Some(stored.tag);
                let counts = is_older || self.broken == Some(Rule::OlderThanLoad);
                let tag = found.filter(|_| counts).unwrap_or(NEVER);
                Phase::Loaded { expected, stored: Stored { tag, ..stored }, mark }
            }
            (Phase::Loaded { expected, stored, mark }, FlightMove::Stamp { heard: true })
                if self.broken == Some(Rule::StampFirst) && stored.tag == NEVER =>
            {
                let Some(tag) = self.stamp(world) else { return Ok(None) };
                Phase::Loaded { expected, stored: Stored { tag, ..stored }, mark }
            }
            _ => return Ok(None),
        }))
    }

    /// What the leader does with the answer to its acquisition.
    fn place(
        &self,
        world: &mut World,
        which: usize,
        reply: Reply<Stored>,
    ) -> Result<Phase, Violation> {
        let flight = &mut world.flights[which];
        let lease = Expected::Lease(NEW);
        Ok(match (flight.phase, reply) {
            (Phase::Noted { tag, .. }, Reply::Acquired) => Phase::Holding { expected: lease, tag },
            (_, Reply::Acquired) => Phase::Placed(lease),
            (Phase::Noted { tag, mark }, Reply::Found(State::Value(_, stored))) => {
                if stored.tag == tag {
                    flight.callers.hand(mark, stored.version)?;
                }
                Phase::Begun
            }
            (_, Reply::Found(State::Value(_, stored))) => {
                Phase::Found { stored, mark: flight.callers.count() }
            }
            _ => BARE,
        })
    }

    /// A load, and what comes after it.
    fn load(&self, world: &mut World, which: usize, step: FlightMove) -> Next {
        let flight = &world.flights[which];
        let (joined, version) = (flight.callers.count(), world.row.version);
        let (stored, first) = match (flight.phase, step) {
            (Phase::Holding { expected, tag }, FlightMove::Load) => {
                let stored = Stored { version, tag };
                return Ok(Some(Phase::Loaded { expected, stored, mark: joined }));
            }
            (Phase::Placed(expected), FlightMove::Load) if self.learns => {
                let tag = self.current_stamp(world).unwrap_or(NEVER);
                let stored = Stored { version, tag };
                return Ok(Some(Phase::Learning { expected, stored, mark: joined }));
            }
            (Phase::Placed(expected), FlightMove::Load)
                if self.broken == Some(Rule::StampFirst) =>
            {
                let stored = Stored { version, tag: NEVER };
                return Ok(Some(Phase::Loaded { expected, stored, mark: joined }));
            }
            (Phase::Loaded { expected, stored, mark }, FlightMove::Fill | FlightMove::Release) => {
                let reply = match step {
                    FlightMove::Fill => self.fill(world, expected, stored),
                    _ => self.run(world, Step::Release { expected }),
                };
                if reply == Reply::Done && self.broken != Some(Rule::ReadAgain) {
                    return Ok(Some(Phase::Filled { stored, mark, proven: joined }));
                }
                (stored, if reply == Reply::Done { joined } else { mark })
            }
            (Phase::Filled { stored, mark, proven }, FlightMove::ReadAgain) => {
                let good = self.is_good(world, stored.tag);
                (stored, if good { proven } else { mark })
            }
            _ => return Ok(None),
        };
        world.flights[which].callers.hand(first, stored.version)?;
        Ok(Some(Phase::Begun))
    }

    /// What happens to a leader wherever it is.
    fn interrupt(&self, world: &mut World, which: usize, step: FlightMove) -> Next {
        let in_force = world.row.in_force;
        let flight = &mut world.flights[which];
        Ok(Some(match (flight.phase, step) {
            (phase, FlightMove::Join) if flight.callers.have_room() => {
                flight.callers.join(in_force);
                phase
            }
            (
                Phase::Loaded { expected, stored, mark },
                FlightMove::TimeOut | FlightMove::CancelFill,
            ) if self.late && world.entry.is(expected) && world.late.is_none() => {
                world.late = Some((expected, stored));
                match step {
                    FlightMove::TimeOut => flight.callers.hand(mark, stored.version)?,
                    _ => flight.callers.leave(1),
                }
                Phase::Begun
            }
            (phase, FlightMove::Cancel { anew }) if !(anew && self.overlay) => {
                flight.callers.leave(1);
                phase.inherited(anew)
            }
            (_, FlightMove::Die) => {
                flight.callers.leave(flight.callers.count());
                Phase::Begun
            }
            _ => return Ok(None),
        }))
    }

    pub(super) fn fill(
        &self,
        world: &mut World,
        expected: Expected,
        value: Stored,
    ) -> Reply<Stored> {
        self.run(world, Step::Fill { expected, stamp: NEW, value, life: LIFE })
    }
}
