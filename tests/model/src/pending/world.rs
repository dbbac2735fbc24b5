//! The world of a key that is written behind: that of any key, and a queue.

use std::fmt;

use super::Behind;
use cache_runtime::protocol::{Incarnation, Nonce, Reply, State, Step};

use crate::{
    code::Widths,
    explore::Model,
    key::{self, FlightMove, pending::Rule},
    row::{Version, Violation},
    state::{HELD, LIFE, NEVER, NEW},
};

/// The version of what is not in the database: newer than everything there.
const UNWRITTEN: Version = 7;

/// One state of everything.
#[derive(Clone, Debug)]
pub(crate) struct World {
    key: key::World,
    queue: Queue,
}

/// The writes that have been accepted, in their order, from 1 on.
#[derive(Clone, Debug)]
struct Queue {
    /// The newest that has been accepted.
    accepted: u8,
    /// Its stamp.
    stamp: Nonce,
    /// Whether it has landed.
    landed: bool,
    /// The newest that has been committed.
    committed: u8,
    /// The version that it was when it was committed last.
    version: Version,
    /// Up to this one they have left the queue.
    gone: u8,
    flush: Flush,
}

/// Where the flush of a write is; it is told in order, and one at a time.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Flush {
    /// None is under way.
    None,
    /// The write has been committed, and is about to land.
    Committed(u8),
    /// The write has landed, and is about to leave the queue, with all before it.
    Landed(u8),
}

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    Key(key::Move),
    /// A write is accepted.
    Pend,
    /// A flush commits a write: for the first time, or again.
    Commit(u8),
    /// It lands the write, and leaves a value or not.
    Land {
        value: bool,
    },
    /// The write leaves the queue.
    Leave,
    /// Who flushes dies.
    Die,
}

impl Model for Behind {
    type World = World;
    type Move = Move;

    fn start(&self) -> World {
        let queue = Queue {
            accepted: 0,
            stamp: NEVER,
            landed: true,
            committed: 0,
            version: 0,
            gone: 0,
            flush: Flush::None,
        };
        World { key: self.key.start(), queue }
    }

    fn moves(&self, world: &World, moves: &mut Vec<Move>) {
        let mut on_key = Vec::new();
        self.key.moves(&world.key, &mut on_key);
        moves.clear();
        moves.extend(on_key.into_iter().map(Move::Key));
        let queue = &world.queue;
        moves.push(Move::Pend);
        moves.extend((queue.committed.max(1)..=queue.accepted).map(Move::Commit));
        moves.extend([Move::Land { value: true }, Move::Land { value: false }]);
        moves.extend([Move::Leave, Move::Die]);
    }

    fn take(&self, world: &World, step: Move) -> Result<Option<World>, Violation> {
        let mut next = world.clone();
        let queue = &mut next.queue;
        match (step, queue.flush) {
            (Move::Key(step), _) => {
                // Who calls while a value is pending finds it.
                if matches!(world.key.key, State::Pending(_)) && is_call(step) {
                    return Ok(None);
                }
                let Some(key) = self.key.step(&world.key, step)? else { return Ok(None) };
                next.key = key;
            }
            (Move::Pend, _) if queue.accepted < self.writes => self.pend(&mut next),
            (Move::Commit(write), Flush::None) if queue.gone < write => next.commit(write),
            (Move::Land { value }, Flush::Committed(write)) => {
                self.land(&mut next, write, value);
                next.queue.flush = Flush::Landed(write);
            }
            (Move::Land { value }, Flush::None)
                if self.breaks(Rule::CommitFirst) && !queue.landed =>
            {
                let write = queue.accepted;
                self.land(&mut next, write, value);
            }
            (Move::Leave, Flush::Landed(write)) => {
                (queue.gone, queue.flush) = (write, Flush::None);
            }
            (Move::Die, Flush::Committed(_) | Flush::Landed(_)) => queue.flush = Flush::None,
            _ => return Ok(None),
        }
        next.key.forget(std::slice::from_mut(&mut next.queue.stamp));
        next.check()?;
        Ok(Some(next))
    }

    fn code(&self, world: &World) -> u128 {
        let mut code = world.key.encode(Widths { version: 3, nonce: 2 });
        let queue = &world.queue;
        let (flush, write) = match queue.flush {
            Flush::None => (0_u32, 0),
            Flush::Committed(write) => (1, write),
            Flush::Landed(write) => (2, write),
        };
        for write in [queue.accepted, queue.committed, queue.gone, write] {
            code.put(2, write);
        }
        code.put(2, flush);
        code.put(1, u8::from(queue.landed));
        code.version(queue.version);
        code.nonce(queue.stamp);
        code.bits()
    }
}

impl Behind {
    fn breaks(&self, rule: Rule) -> bool {
        self.key.broken == Some(key::Rule::Pending(rule))
    }

    /// A write is accepted. From now on nobody may miss it who calls, nor what is committed after it.
    fn pend(&self, world: &mut World) {
        self.key.run(&mut world.key, Step::Pend { stamp: NEW, value: UNWRITTEN });
        let (queue, row) = (&mut world.queue, &mut world.key.row);
        (queue.accepted, queue.stamp, queue.landed) = (queue.accepted + 1, NEW, false);
        row.in_force = row.version + 1;
    }

    fn land(&self, world: &mut World, write: u8, value: bool) {
        let World { key, queue } = world;
        let newest = write == queue.accepted;
        let stamp = if newest { queue.stamp } else { NEVER };
        let step = Step::Land { stamp, life: value.then_some(LIFE), fence: LIFE };
        if self.key.run(key, step) == Reply::Done && newest {
            queue.landed = true;
        }
        if write == queue.committed {
            key.row.acknowledge(queue.version);
        }
    }
}

impl World {
    /// A write is committed. Where it had been already, all its copies are as new as this one.
    fn commit(&mut self, write: u8) {
        let World { key, queue } = self;
        let again = write == queue.committed;
        queue.flush = Flush::Committed(write);
        if again && key.row.version == queue.version {
            return;
        }
        key.row.version += 1;
        let (before, now) = (queue.version, key.row.version);
        (queue.committed, queue.version) = (write, now);
        if again {
            key.versions(|version| {
                if *version == before {
                    *version = now;
                }
            });
        } else if let State::Pending(pending) = &mut key.key
            && write == queue.accepted
            && queue.stamp == HELD
        {
            pending.value = now;
        }
    }

    fn check(&self) -> Result<(), Violation> {
        let Queue { accepted, stamp, landed, gone, flush, .. } = self.queue;
        let pending = matches!(&self.key.key, State::Pending(p) if p.stamp == stamp);
        if !landed && !pending {
            return Err(Violation::Lost);
        }
        let at_rest = flush == Flush::None && gone == accepted;
        self.key.check(Incarnation::NONE, at_rest && self.key.rests())
    }
}

fn is_call(step: key::Move) -> bool {
    matches!(step, key::Move::Flight(_, FlightMove::Join))
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Queue { accepted, committed, gone, .. } = self.queue;
        write!(f, "{} | accepted {accepted}, committed {committed}, gone {gone}", self.key)
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Key(step) => step.fmt(f),
            Move::Pend => f.write_str("a write is accepted, to be written behind"),
            Move::Commit(write) => write!(f, "a flush commits accepted write {write}"),
            Move::Land { value: true } => f.write_str("the flush lands its write, as a value"),
            Move::Land { value: false } => {
                f.write_str("the flush lands its write, and leaves nothing")
            }
            Move::Leave => f.write_str("the flushed write leaves the queue"),
            Move::Die => f.write_str("the flush dies"),
        }
    }
}
