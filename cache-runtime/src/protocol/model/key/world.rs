//! The world that is searched: a key, a row and the actors, and what can happen next.

use std::fmt;

use super::{
    Key,
    flight::{Flight, FlightMove},
    rule::{self, Rule},
};
use crate::protocol::{
    Expected, Nonce, Reply, State, Step,
    model::{
        code::{Code, Widths},
        explore::Model,
        row::{Row, Version, Violation},
        state::{self, NEW},
        writer::{Site, Writer, WriterMove},
    },
};

const WRITERS: usize = 3;
pub(in crate::protocol::model) const FLIGHTS: usize = 2;

/// One state of everything.
#[derive(Clone, Debug)]
pub(in crate::protocol::model) struct World {
    pub(in crate::protocol::model) key: State<Version>,
    pub(in crate::protocol::model) row: Row,
    pub(super) writers: [Writer; WRITERS],
    pub(super) flights: [Flight; FLIGHTS],
    /// A fill on its way that nobody waits for any more.
    pub(super) late: Option<(Expected, Version)>,
}

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol::model) enum Move {
    /// What the key holds runs out, or is evicted, or the store restarts empty.
    Expire,
    /// A fill arrives that nobody waits for any more.
    Arrive,
    Writer(usize, WriterMove),
    Flight(usize, FlightMove),
}

impl Model for Key {
    type World = World;
    type Move = Move;

    /// Nobody has begun; the row is at version 0, the key vacant.
    fn start(&self) -> World {
        let mut writers = [Writer::Gone; WRITERS];
        writers[..self.writers].fill(Writer::Ready);
        World {
            key: State::Vacant,
            row: Row::default(),
            writers,
            flights: self.callers.map(Flight::idle),
            late: None,
        }
    }

    /// What may happen next. Actors in the same place are interchangeable: one moves for all.
    fn moves(&self, world: &World, moves: &mut Vec<Move>) {
        moves.clear();
        moves.extend([Move::Expire, Move::Arrive]);
        for (who, writer) in world.writers.iter().enumerate() {
            if !world.writers[..who].contains(writer) {
                moves.extend(writer.moves().iter().map(|&step| Move::Writer(who, step)));
            }
        }
        for (which, flight) in world.flights.iter().enumerate() {
            if !world.flights[..which].contains(flight) {
                moves.extend(flight.moves().iter().map(|&step| Move::Flight(which, step)));
            }
        }
    }

    fn take(&self, world: &World, step: Move) -> Result<Option<World>, Violation> {
        let Some(mut next) = self.step(world, step)? else { return Ok(None) };
        if !self.nonces_come_back() {
            next.forget(&mut []);
        }
        next.check(next.rests())?;
        Ok(Some(next))
    }

    fn code(&self, world: &World) -> u128 {
        world.encode(Widths { version: 2, nonce: 4 }).bits()
    }
}

impl Key {
    /// The world after `step`, with everything remembered and nothing checked.
    pub(in crate::protocol::model) fn step(
        &self,
        world: &World,
        step: Move,
    ) -> Result<Option<World>, Violation> {
        Ok(match step {
            Move::Expire => world.expire(self.broken),
            Move::Arrive => self.arrive(world),
            Move::Writer(who, step) => {
                let mut next = world.clone();
                let mut writer = world.writers[who];
                writer.take(step, &mut At { model: self, world: &mut next });
                next.writers[who] = writer;
                Some(next)
            }
            Move::Flight(which, step) => self.fly(world, which, step)?,
        })
    }

    fn arrive(&self, world: &World) -> Option<World> {
        let (expected, version) = world.late?;
        let mut next = World { late: None, ..world.clone() };
        self.fill(&mut next, expected, version);
        Some(next)
    }

    /// A nonce that nobody knows.
    pub(super) fn fresh(&self, world: &World) -> Nonce {
        if !self.nonces_come_back() {
            return NEW;
        }
        let mut world = world.clone();
        let mut known = 1_u16;
        if let Some(nonce) = state::held(&mut world.key) {
            known |= 1 << nonce.0[0];
        }
        world.memories(|nonce| known |= 1 << nonce.0[0]);
        Nonce([known.trailing_ones() as u8; 16])
    }

    fn nonces_come_back(&self) -> bool {
        self.broken.is_some_and(Rule::brings_nonces_back)
    }

    /// The store takes a step.
    pub(in crate::protocol::model) fn run(
        &self,
        world: &mut World,
        step: Step<Version>,
    ) -> Reply<Version> {
        let before = std::mem::replace(&mut world.key, State::Vacant);
        let transition = rule::apply(before, step, self.broken);
        world.key = transition.state;
        transition.reply
    }
}

/// Where a writer writes to.
struct At<'a> {
    model: &'a Key,
    world: &'a mut World,
}

impl Site for At<'_> {
    fn row(&mut self) -> &mut Row {
        &mut self.world.row
    }

    fn fresh(&self) -> Nonce {
        self.model.fresh(self.world)
    }

    fn run(&mut self, step: Step<Version>) -> Reply<Version> {
        self.model.run(self.world, step)
    }

    fn stands(&self, epoch: Nonce, promises: bool) -> bool {
        let instead = match &self.world.key {
            State::Fenced(fence) => fence.contended,
            State::Pending(pending) => pending.contended,
            _ => false,
        };
        self.world.key.is(Expected::Fence(epoch)) || promises && instead
    }

    fn fences(&self) -> bool {
        self.model.broken != Some(Rule::Fence)
    }

    fn releases_first(&self) -> bool {
        self.model.apart
    }

    fn settles_once(&self) -> bool {
        self.model.broken != Some(Rule::SettleOnce)
    }
}

impl World {
    fn expire(&self, broken: Option<Rule>) -> Option<World> {
        if matches!(self.key, State::Vacant | State::Pending(_)) {
            return None;
        }
        let mut next = World { key: State::Vacant, ..self.clone() };
        if matches!(self.key, State::Fenced(_)) {
            let renews = |step| rule::apply(self.key.clone(), step, broken).reply == Reply::Done;
            next.writers.iter_mut().for_each(|writer| writer.lose(renews));
        }
        Some(next)
    }

    /// Checks what the next read would find.
    pub(in crate::protocol::model) fn check(&self, at_rest: bool) -> Result<(), Violation> {
        let State::Value(_, version) = self.key else { return Ok(()) };
        self.row.check(version, at_rest)
    }

    /// Whether nothing runs.
    pub(in crate::protocol::model) fn rests(&self) -> bool {
        self.writers.iter().all(Writer::rests)
            && self.flights.iter().all(Flight::rests)
            && self.late.is_none()
    }

    /// Calls every nonce `NEVER` that the key does not hold, and the one that it holds by one name.
    pub(in crate::protocol::model) fn forget(&mut self, others: &mut [Nonce]) {
        let held = state::name(&mut self.key);
        self.memories(|nonce| *nonce = state::renamed(*nonce, held));
        others.iter_mut().for_each(|nonce| *nonce = state::renamed(*nonce, held));
        let in_force = self.row.in_force;
        self.writers.iter_mut().for_each(|writer| writer.forget(in_force));
        self.flights.iter_mut().for_each(Flight::forget);
        // Nothing will come of it.
        self.late.take_if(|(expected, _)| state::is_lost(*expected));
    }

    /// Visits every version that is held, or that a flight has loaded.
    pub(in crate::protocol::model) fn versions(&mut self, mut visit: impl FnMut(&mut Version)) {
        match &mut self.key {
            State::Value(_, version) => visit(version),
            State::Pending(pending) => visit(&mut pending.value),
            _ => {}
        }
        self.flights.iter_mut().filter_map(Flight::version_mut).for_each(&mut visit);
        self.late.iter_mut().for_each(|(_, version)| visit(version));
    }

    /// Visits every nonce that an actor remembers.
    fn memories(&mut self, mut visit: impl FnMut(&mut Nonce)) {
        self.writers.iter_mut().filter_map(Writer::nonce_mut).for_each(&mut visit);
        self.flights.iter_mut().filter_map(Flight::nonce_mut).for_each(&mut visit);
        if let Some((expected, _)) = &mut self.late {
            visit(state::expected(expected));
        }
    }

    /// A number for this state: the same for states that differ only in which writer is which.
    pub(in crate::protocol::model) fn encode(&self, widths: Widths) -> Code {
        let mut code = Code::new(widths);
        code.unordered(&self.writers, Writer::encode);
        if self.flights[0].is_like(&self.flights[1]) {
            code.unordered(&self.flights, Flight::encode);
        } else {
            self.flights.iter().for_each(|flight| flight.encode(&mut code));
        }
        code.row(&self.row);
        code.key(&self.key, widths.version, |&version| version.into());
        code.put(1, u8::from(self.late.is_some()));
        if let Some((expected, version)) = self.late {
            code.expected(expected);
            code.version(version);
        }
        code
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | row {}", state::show(&self.key, Version::to_string), self.row.version)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Expire => f.write_str("what the key holds expires"),
            Move::Arrive => f.write_str("a fill arrives that nobody waits for"),
            Move::Writer(who, step) => write!(f, "writer {} {step}", who + 1),
            Move::Flight(which, step) => write!(f, "flight {}: {step}", which + 1),
        }
    }
}
