//! What can happen next in the world of a tagged entry, and what comes of it.

mod author;
mod flight;
mod looker;
mod owner;

use std::fmt;

use super::{
    Tags,
    author::{Author, AuthorMove},
    flight::{Flight, FlightMove},
    keys::{RETURNING, Stored, Target},
    owner::{Owner, OwnerMove},
    rule::{self, Rule},
    world::{AUTHORS, World},
};
use cache_runtime::protocol::{self, Expected, Incarnation, Nonce, Reply, State, Step};

use crate::{
    explore::Model,
    row::{Row, Violation},
    server::Server,
    state::{LIFE, NEW},
    writer::Writer,
};

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    /// What a key holds runs out, or is evicted.
    Expire(Target),
    /// A fill arrives that nobody waits for any more.
    Arrive,
    /// The tag's server may fall back to what the tag's key holds now.
    Save,
    /// The tag's server falls back.
    Fall,
    /// A caller calls, and reads the tag.
    Look,
    /// It reads the entry.
    LookOn,
    Author(usize, AuthorMove),
    Owner(OwnerMove),
    Flight(usize, FlightMove),
    /// Of an overlay: what readers of the other version do with the primary key.
    Primary(PrimaryMove),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum PrimaryMove {
    Acquire,
    Fill,
    Refresh,
}

impl Model for Tags {
    type World = World;
    type Move = Move;

    /// Nobody has begun; the row is at version 0, the keys vacant.
    fn start(&self) -> World {
        let mut authors = [Author::new(Target::Tag, Writer::Gone); AUTHORS];
        authors[..self.tag_writers].fill(Author::new(Target::Tag, Writer::Ready));
        authors[self.tag_writers..][..self.entry_writers]
            .fill(Author::new(Target::Entry, Writer::Ready));
        World {
            entry: State::Vacant,
            tag: State::Vacant,
            tag_server: Server::NEW,
            row: Row::default(),
            authors,
            owner: if self.owner { Owner::READY } else { Owner::GONE },
            flights: self.callers.map(Flight::idle),
            looker: None,
            late: None,
        }
    }

    /// What may happen next. Actors in the same place are interchangeable: one moves for all.
    fn moves(&self, world: &World, moves: &mut Vec<Move>) {
        moves.clear();
        moves.extend([Move::Expire(Target::Entry), Move::Expire(Target::Tag), Move::Arrive]);
        if self.falls {
            moves.extend([Move::Save, Move::Fall]);
        }
        if self.looks {
            moves.extend([Move::Look, Move::LookOn]);
        }
        for (who, author) in world.authors.iter().enumerate() {
            if !world.authors[..who].contains(author) {
                moves.extend(author.moves(self).map(|step| Move::Author(who, step)));
            }
        }
        moves.extend(world.owner.moves().iter().map(|&step| Move::Owner(step)));
        for (which, flight) in world.flights.iter().enumerate() {
            if !world.flights[..which].contains(flight) {
                moves.extend(flight.moves(self).iter().map(|&step| Move::Flight(which, step)));
            }
        }
        if self.overlay {
            let all = [PrimaryMove::Acquire, PrimaryMove::Fill, PrimaryMove::Refresh];
            moves.extend(all.map(Move::Primary));
        }
    }

    fn take(&self, world: &World, step: Move) -> Result<Option<World>, Violation> {
        let next = match step {
            Move::Expire(target) => world.expire(target),
            Move::Arrive => self.arrive(world),
            Move::Save => {
                let mut next = world.clone();
                next.tag_server.save(&world.tag).map(|()| next)
            }
            Move::Fall => world.fall(),
            Move::Look => self.look(world),
            Move::LookOn => world.look_on()?,
            Move::Author(who, step) => Some(self.write(world, who, step)),
            Move::Owner(step) => self.own(world, step),
            Move::Flight(which, step) => self.fly(world, which, step)?,
            Move::Primary(step) => self.primary(world, step),
        };
        let Some(mut next) = next else { return Ok(None) };
        next.forget(self);
        next.check(self)?;
        Ok(Some(next))
    }

    fn code(&self, world: &World) -> u128 {
        world.encode(self)
    }
}

impl Tags {
    fn arrive(&self, world: &World) -> Option<World> {
        let (expected, stored) = world.late?;
        let mut next = World { late: None, ..world.clone() };
        self.fill(&mut next, expected, stored);
        Some(next)
    }

    fn primary(&self, world: &World, step: PrimaryMove) -> Option<World> {
        let step = match (step, &world.tag) {
            (PrimaryMove::Acquire, State::Vacant) => {
                Step::Acquire { token: self.stamp_drawn(), life: LIFE }
            }
            // The stamp of a value is the token of the lease that it was loaded under.
            (PrimaryMove::Fill, &State::Leased(stamp)) => {
                Step::Fill { expected: Expected::Lease(stamp), stamp, value: (), life: LIFE }
            }
            (PrimaryMove::Refresh, &State::Value(stamp, ())) => {
                let (expected, stamp) = (Expected::Value(stamp), self.stamp_drawn());
                Step::Fill { expected, stamp, value: (), life: LIFE }
            }
            _ => return None,
        };
        let mut next = world.clone();
        self.run_tag(&mut next, step);
        Some(next)
    }

    /// The stamp that the tag has, once it was asked for: it may be made for that.
    pub(super) fn stamp(&self, world: &mut World) -> Option<Nonce> {
        self.run_tag(world, Step::Stamp { stamp: self.stamp_drawn(), value: (), life: LIFE });
        self.current_stamp(world)
    }

    /// The stamp that the tag has, to those who find it now.
    pub(super) fn current_stamp(&self, world: &World) -> Option<Nonce> {
        rule::stamp(&world.tag.clone().under(self.trusted(world)), self.broken)
    }

    /// Whether an entry of this stamp is good.
    pub(super) fn is_good(&self, world: &World, recorded: Nonce) -> bool {
        rule::is_good(&world.tag.clone().under(self.trusted(world)), recorded, self.broken)
    }

    /// The incarnation of the tag's server.
    fn incarnation(&self, world: &World) -> Incarnation {
        if self.falls { world.tag_server.incarnation() } else { Incarnation::NONE }
    }

    /// The same, for those who read a stamp.
    fn trusted(&self, world: &World) -> Incarnation {
        match self.broken {
            Some(Rule::FallenStampIsNone) => Incarnation::NONE,
            _ => self.incarnation(world),
        }
    }

    fn stamp_drawn(&self) -> Nonce {
        if self.broken == Some(Rule::NewStamp) { RETURNING } else { NEW }
    }

    /// The store takes a step on the entry's key.
    pub(super) fn run(&self, world: &mut World, step: Step<Stored>) -> Reply<Stored> {
        let before = std::mem::replace(&mut world.entry, State::Vacant);
        let transition = protocol::apply(before, step);
        world.entry = transition.state;
        transition.reply
    }

    /// The store takes a step on the tag's key.
    pub(super) fn run_tag(&self, world: &mut World, step: Step<()>) -> Reply<()> {
        let step = step.under(self.incarnation(world), |(), _| ());
        let before = std::mem::replace(&mut world.tag, State::Vacant);
        let transition = rule::apply(before, step, self.broken);
        world.tag = transition.state;
        transition.reply
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Expire(Target::Entry) => f.write_str("what the entry's key holds expires"),
            Move::Expire(Target::Tag) => f.write_str("what the tag's key holds expires"),
            Move::Arrive => f.write_str("a fill arrives that nobody waits for"),
            Move::Save => f.write_str("the tag's server saves what it has"),
            Move::Fall => f.write_str("the tag's server falls back to what it has saved"),
            Move::Look => f.write_str("a caller calls, and reads the tag"),
            Move::LookOn => f.write_str("it reads the entry"),
            Move::Author(who, step) => write!(f, "writer {} {step}", who + 1),
            Move::Owner(step) => write!(f, "the owner {step}"),
            Move::Flight(which, step) => write!(f, "flight {}: {step}", which + 1),
            Move::Primary(PrimaryMove::Acquire) => f.write_str("another acquires the primary key"),
            Move::Primary(PrimaryMove::Fill) => f.write_str("another fills the primary key"),
            Move::Primary(PrimaryMove::Refresh) => {
                f.write_str("another renews the primary's value")
            }
        }
    }
}
