//! The world that is searched: a key, a row and the actors, and what can happen next.

use std::{fmt, time::Duration};

use super::{
    code::Code,
    flight::{self, Flight, FlightMove},
    rule::{self, Rule},
    writer::{Writer, WriterMove},
};
use crate::protocol::{Expected, Nonce, Reply, State, Step};

/// A version of the row, and so a value.
pub(super) type Version = u8;

/// Every nonce that the key does not hold.
pub(super) const NEVER: Nonce = Nonce([0; 16]);

/// The nonce that the key holds, after a move.
const HELD: Nonce = Nonce([1; 16]);

/// The nonce that a move may draw.
const NEW: Nonce = Nonce([2; 16]);

/// Lives do not matter: anything may expire at any moment.
pub(super) const LIFE: Duration = Duration::from_secs(1);

const WRITERS: usize = 3;
const FLIGHTS: usize = 2;

/// What is searched: how many of each actor there are, and which rule is broken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) writers: usize,
    /// How many callers may wait in each flight at a time.
    pub(super) callers: [usize; FLIGHTS],
    pub(super) broken: Option<Rule>,
}

/// One state of everything.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) key: State<Version>,
    /// The version that the database holds.
    pub(super) row: Version,
    /// The newest version that no read may miss which begins now.
    pub(super) in_force: Version,
    /// The newest version that must not be missing once all has come to rest.
    pub(super) kept: Version,
    pub(super) writers: [Writer; WRITERS],
    pub(super) flights: [Flight; FLIGHTS],
    /// A fill on its way that nobody waits for any more.
    pub(super) late: Option<(Expected, Version)>,
}

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    /// What the key holds runs out, or is evicted, or the store restarts empty.
    Expire,
    /// A fill arrives that nobody waits for any more.
    Arrive,
    Writer(usize, WriterMove),
    Flight(usize, FlightMove),
}

/// What must never happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Violation {
    /// A caller is handed a version older than one that was in force when it called.
    Handed { version: Version, in_force: Version },
    /// The key holds a version older than one in force: the next read will find it.
    Held { version: Version, in_force: Version },
    /// Nothing runs any more, and the key holds a version older than one that was to be kept.
    Rest { version: Version, kept: Version },
}

impl Model {
    /// Nobody has begun; the row is at version 0, the key vacant.
    pub(super) fn start(&self) -> World {
        let mut writers = [Writer::Gone; WRITERS];
        writers[..self.writers].fill(Writer::Ready);
        World {
            key: State::Vacant,
            row: 0,
            in_force: 0,
            kept: 0,
            writers,
            flights: self.callers.map(Flight::idle),
            late: None,
        }
    }

    /// What may happen next. Writers in the same place are interchangeable: one moves for all.
    pub(super) fn moves(&self, world: &World, moves: &mut Vec<Move>) {
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

    /// The world after `step`, where that can happen.
    pub(super) fn take(&self, world: &World, step: Move) -> Result<Option<World>, Violation> {
        let next = match step {
            Move::Expire => world.expire(),
            Move::Arrive => self.arrive(world),
            Move::Writer(who, step) => Some(self.write(world, who, step)),
            Move::Flight(which, step) => self.fly(world, which, step)?,
        };
        let Some(mut next) = next else { return Ok(None) };
        if !self.nonces_come_back() {
            next.forget();
        }
        next.check()?;
        Ok(Some(next))
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
        if let Some(nonce) = nonce_mut(&mut world.key) {
            known |= 1 << nonce.0[0];
        }
        world.memories(|nonce| known |= 1 << nonce.0[0]);
        Nonce([known.trailing_ones() as u8; 16])
    }

    fn nonces_come_back(&self) -> bool {
        self.broken.is_some_and(Rule::brings_nonces_back)
    }

    /// The store takes a step.
    pub(super) fn run(&self, world: &mut World, step: Step<Version>) -> Reply<Version> {
        let before = std::mem::replace(&mut world.key, State::Vacant);
        let transition = rule::apply(before, step, self.broken);
        world.key = transition.state;
        transition.reply
    }
}

impl World {
    fn expire(&self) -> Option<World> {
        if self.key == State::Vacant {
            return None;
        }
        let mut next = self.clone();
        if let State::Fenced(fence) = &self.key {
            next.writers.iter_mut().for_each(|writer| writer.lose(fence.epoch));
        }
        next.key = State::Vacant;
        Some(next)
    }

    fn check(&self) -> Result<(), Violation> {
        let State::Value(_, version) = self.key else { return Ok(()) };
        if version < self.in_force {
            return Err(Violation::Held { version, in_force: self.in_force });
        }
        let at_rest =
            self.writers.iter().all(Writer::rests) && self.flights.iter().all(Flight::rests);
        if version < self.kept && at_rest && self.late.is_none() {
            return Err(Violation::Rest { version, kept: self.kept });
        }
        Ok(())
    }

    /// Calls every nonce `NEVER` that the key does not hold, and the one that it holds by one name.
    fn forget(&mut self) {
        let held = match nonce_mut(&mut self.key) {
            Some(nonce) => std::mem::replace(nonce, HELD),
            None => NEVER,
        };
        self.memories(|nonce| {
            *nonce = if held != NEVER && *nonce == held { HELD } else { NEVER };
        });
        self.writers.iter_mut().for_each(|writer| writer.forget(self.in_force));
        self.flights.iter_mut().for_each(Flight::forget);
        // Nothing will come of it.
        self.late.take_if(|(expected, _)| *flight::nonce_mut(expected) == NEVER);
    }

    /// Visits every nonce that an actor remembers.
    fn memories(&mut self, mut visit: impl FnMut(&mut Nonce)) {
        self.writers.iter_mut().filter_map(Writer::nonce_mut).for_each(&mut visit);
        self.flights.iter_mut().filter_map(Flight::nonce_mut).for_each(&mut visit);
        if let Some((expected, _)) = &mut self.late {
            visit(flight::nonce_mut(expected));
        }
    }

    /// A number for this state: the same for states that differ only in which writer is which.
    pub(super) fn code(&self) -> u128 {
        let mut code = Code::default();
        let mut writers = self.writers.map(|writer| writer.code());
        writers.sort_unstable();
        writers.into_iter().for_each(|writer| code.put(Writer::BITS, writer));
        let mut flights = self.flights.map(|flight| flight.code());
        if self.flights[0].room() == self.flights[1].room() {
            flights.sort_unstable();
        }
        flights.into_iter().for_each(|flight| code.put(Flight::BITS, flight));
        [self.row, self.in_force, self.kept].into_iter().for_each(|version| code.put(2, version));
        code.key(&self.key);
        code.put(1, u8::from(self.late.is_some()));
        if let Some((expected, version)) = self.late {
            code.expected(expected);
            code.put(2, version);
        }
        code.finish()
    }
}

fn nonce_mut(key: &mut State<Version>) -> Option<&mut Nonce> {
    match key {
        State::Value(nonce, _) | State::Leased(nonce) => Some(nonce),
        State::Fenced(fence) => Some(&mut fence.epoch),
        State::Vacant | State::Pending(_) | State::Unreadable => None,
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            State::Vacant => f.write_str("vacant")?,
            State::Value(_, version) => write!(f, "value {version}")?,
            State::Leased(_) => f.write_str("leased")?,
            State::Fenced(fence) => {
                let contended = if fence.contended { ", contended" } else { "" };
                write!(f, "fenced for {}{contended}", fence.writers)?;
            }
            State::Pending(_) | State::Unreadable => f.write_str("something else")?,
        }
        write!(f, " | row {}", self.row)
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

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Violation::Handed { version, in_force } => write!(
                f,
                "A caller is handed version {version}, which called when version {in_force} was in force."
            ),
            Violation::Held { version, in_force } => {
                write!(
                    f,
                    "The next read will find version {version}; version {in_force} is in force."
                )
            }
            Violation::Rest { version, kept } => {
                write!(f, "All is at rest, and the key holds version {version}, not {kept}.")
            }
        }
    }
}
