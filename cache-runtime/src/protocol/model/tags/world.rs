//! The world of a tagged entry: two keys, a row and the actors, and what can happen next.

use std::fmt;

use super::{
    Tags,
    author::{self, Author, AuthorMove, Target},
    flight::FlightMove,
    looker::Looker,
    memory::RETURNING,
    owner::{Owner, OwnerMove},
    phase::Flight,
    rule::{self, Rule},
};
use crate::protocol::{
    self, Expected, Nonce, Reply, State, Step,
    model::{
        code::{Code, Widths},
        explore::Model,
        row::{Row, Version, Violation},
        state::{self, LIFE, NEW},
        writer::Writer,
    },
};

pub(super) const AUTHORS: usize = 2;
pub(super) const FLIGHTS: usize = 2;

/// A value, and the stamp that its tag had before it was loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::protocol::model) struct Stored {
    pub(super) version: Version,
    pub(super) tag: Nonce,
}

/// One state of everything.
#[derive(Clone, Debug)]
pub(in crate::protocol::model) struct World {
    pub(super) entry: State<Stored>,
    /// The tag's key; of an overlay, the primary key, whose values are another version's.
    pub(super) tag: State<()>,
    pub(super) row: Row,
    pub(super) authors: [Author; AUTHORS],
    pub(super) owner: Owner,
    pub(super) flights: [Flight; FLIGHTS],
    /// A caller that has read the tag, and reads the entry next.
    pub(super) looker: Option<Looker>,
    /// A fill on its way that nobody waits for any more.
    pub(super) late: Option<(Expected, Stored)>,
}

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol::model) enum Move {
    /// What a key holds runs out, or is evicted.
    Expire(Target),
    /// A fill arrives that nobody waits for any more.
    Arrive,
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
pub(in crate::protocol::model) enum PrimaryMove {
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
        world.encode()
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
        rule::stamp(&world.tag, self.broken)
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
        let before = std::mem::replace(&mut world.tag, State::Vacant);
        let transition = rule::apply(before, step, self.broken);
        world.tag = transition.state;
        transition.reply
    }
}

impl World {
    fn expire(&self, target: Target) -> Option<World> {
        let mut next = self.clone();
        let authors = next.authors.iter_mut().filter(|author| author.target == target);
        match target {
            Target::Entry => lose(&mut next.entry, authors, &mut next.owner, target)?,
            Target::Tag => lose(&mut next.tag, authors, &mut next.owner, target)?,
        }
        Some(next)
    }

    /// Checks what a read would find that begins and ends now.
    fn check(&self, model: &Tags) -> Result<(), Violation> {
        match self.entry {
            State::Value(_, stored) if rule::is_good(&self.tag, stored.tag, model.broken) => {
                self.row.check(stored.version, self.rests())
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing runs.
    fn rests(&self) -> bool {
        self.authors.iter().all(|author| author.writer.rests())
            && self.owner.rests()
            && self.flights.iter().all(Flight::rests)
            && self.late.is_none()
    }

    fn encode(&self) -> u128 {
        let mut code = Code::new(Widths { version: 2, nonce: 3 });
        code.row(&self.row);
        code.unordered(&self.authors, Author::encode);
        self.owner.encode(&mut code);
        if self.flights[0].is_like(&self.flights[1]) {
            code.unordered(&self.flights, Flight::encode);
        } else {
            self.flights.iter().for_each(|flight| flight.encode(&mut code));
        }
        code.key(&self.entry, 5, |stored| stored.bits());
        code.key(&self.tag, 0, |()| 0);
        Looker::encode(self.looker, &mut code);
        code.put(1, u8::from(self.late.is_some()));
        if let Some((expected, stored)) = self.late {
            code.expected(expected);
            stored.encode(&mut code);
        }
        code.bits()
    }
}

/// Empties a key, if it is not empty, and tells its writers.
fn lose<'a, V: Clone + PartialEq>(
    key: &mut State<V>,
    authors: impl Iterator<Item = &'a mut Author>,
    owner: &mut Owner,
    target: Target,
) -> Option<()> {
    if *key == State::Vacant {
        return None;
    }
    let lost = std::mem::replace(key, State::Vacant);
    if matches!(lost, State::Fenced(_)) {
        let renews = |step| {
            let step = author::write(step, |_| unreachable!("a renewal brings no value"));
            protocol::apply(lost.clone(), step).reply == Reply::Done
        };
        authors.for_each(|author| author.writer.lose(renews));
        owner.lose(target, renews);
    }
    Some(())
}

impl Stored {
    pub(super) fn encode(self, code: &mut Code) {
        code.version(self.version);
        code.nonce(self.tag);
    }

    fn bits(&self) -> u32 {
        u32::from(self.version) << 3 | u32::from(self.tag.0[0])
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let good = |stored: &Stored| self.tag.is(Expected::Value(stored.tag));
        let entry = state::show(&self.entry, |stored| {
            format!("{}{}", stored.version, if good(stored) { "" } else { ", not good" })
        });
        let tag = state::show(&self.tag, |()| String::new());
        write!(f, "entry {entry} | tag {} | row {}", tag.trim(), self.row.version)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Expire(Target::Entry) => f.write_str("what the entry's key holds expires"),
            Move::Expire(Target::Tag) => f.write_str("what the tag's key holds expires"),
            Move::Arrive => f.write_str("a fill arrives that nobody waits for"),
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
