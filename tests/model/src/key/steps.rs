//! What can happen next in the world of a key, and what comes of it.

mod flight;

use std::fmt;

use super::{
    Key,
    flight::{Flight, FlightMove},
    rule::{self, Rule},
    world::{WRITERS, World},
};
use cache_runtime::protocol::{Expected, Incarnation, Nonce, Reply, State, Step};

use crate::{
    code::Widths,
    explore::Model,
    row::{Row, Version, Violation},
    server::Server,
    state::{self, NEW},
    writer::{Site, Writer, WriterMove},
};

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// What the key holds runs out, or is evicted, or the store restarts empty.
    Expire,
    /// A fill arrives that nobody waits for any more.
    Arrive,
    /// The server may fall back to what the key holds now.
    Save,
    /// The server falls back.
    Fall,
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
            server: Server::NEW,
        }
    }

    /// What may happen next. Actors in the same place are interchangeable: one moves for all.
    fn moves(&self, world: &World, moves: &mut Vec<Move>) {
        moves.clear();
        moves.extend([Move::Expire, Move::Arrive]);
        if self.falls {
            moves.extend([Move::Save, Move::Fall]);
        }
        for (who, writer) in world.writers.iter().enumerate() {
            if !world.writers[..who].contains(writer) {
                moves.extend(writer.moves().iter().map(|&step| Move::Writer(who, step)));
            }
        }
        for (which, flight) in world.flights.iter().enumerate() {
            if !world.flights[..which].contains(flight) {
                moves.extend(flight.moves().map(|step| Move::Flight(which, step)));
            }
        }
    }

    fn take(&self, world: &World, step: Move) -> Result<Option<World>, Violation> {
        let Some(mut next) = self.step(world, step)? else { return Ok(None) };
        if !self.nonces_come_back() {
            next.forget(&mut []);
        }
        next.check(self.incarnation(&next), next.rests())?;
        Ok(Some(next))
    }

    fn code(&self, world: &World) -> u128 {
        world.encode(Widths { version: 2, nonce: 4 }).bits()
    }
}

impl Key {
    /// The world after `step`, with everything remembered and nothing checked.
    pub(crate) fn step(&self, world: &World, step: Move) -> Result<Option<World>, Violation> {
        Ok(match step {
            Move::Expire => world.expire(self.broken),
            Move::Arrive => self.arrive(world),
            Move::Save => world.save(),
            Move::Fall => world.fall(),
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
            return NEW.of(self.incarnation(world));
        }
        let mut world = world.clone();
        let mut known = 1_u16;
        if let Some(nonce) = state::held(&mut world.key) {
            known |= 1 << state::name_of(*nonce);
        }
        world.memories(|nonce| known |= 1 << state::name_of(*nonce));
        state::nonce(known.trailing_ones() as u8)
    }

    fn nonces_come_back(&self) -> bool {
        self.broken.is_some_and(Rule::brings_nonces_back)
    }

    /// The store takes a step.
    pub(crate) fn run(&self, world: &mut World, step: Step<Version>) -> Reply<Version> {
        let incarnation = self.incarnation(world);
        let step = rule::sent(step, incarnation, self.broken);
        let before = std::mem::replace(&mut world.key, State::Vacant);
        let before = rule::met(before, &step, incarnation, self.broken);
        let transition = rule::apply(before, step, self.broken);
        world.key = transition.state;
        match transition.reply {
            Reply::Found(state) => Reply::Found(state.under(incarnation)),
            reply => reply,
        }
    }

    /// The incarnation of the server, as the actors know it.
    pub(crate) fn incarnation(&self, world: &World) -> Incarnation {
        match self.falls && self.broken != Some(Rule::Incarnations) {
            true => world.server.incarnation(),
            false => Incarnation::NONE,
        }
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

    fn settles_after_commit(&self) -> bool {
        self.model.broken != Some(Rule::Scope)
    }

    fn releases_first(&self) -> bool {
        self.model.apart
    }

    fn settles_once(&self) -> bool {
        self.model.broken != Some(Rule::SettleOnce)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Expire => f.write_str("what the key holds expires"),
            Move::Arrive => f.write_str("a fill arrives that nobody waits for"),
            Move::Save => f.write_str("the server saves what it has"),
            Move::Fall => f.write_str("the server falls back to what it has saved"),
            Move::Writer(who, step) => write!(f, "writer {} {step}", who + 1),
            Move::Flight(which, step) => write!(f, "flight {}: {step}", which + 1),
        }
    }
}
