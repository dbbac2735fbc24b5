//! What can happen next in the world of local copies, and what comes of it.

use std::fmt;

use super::{
    Copies,
    held::{self, DRAWN, Found, Key, Stored},
    link::What,
    loader::{self, Loader, LoaderMove},
    process::{Hit, Read},
    rule::Rule,
    world::World,
    writer::{Kind, Next, Stage, Writer, WriterMove},
};
use cache_runtime::protocol::{Expected, State};

use crate::{explore::Model, row::Violation, state::NEVER};

/// What can happen next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Move {
    Tick,
    /// What a key holds is gone, and the server tells nobody.
    Expire(Key),
    /// The server loses everything, and says so.
    Flush,
    Process(usize, ProcessMove),
    Loader(LoaderMove),
    Writer(usize, WriterMove),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum ProcessMove {
    Ping,
    Read(Key),
    /// The server executes the first command.
    Execute,
    /// The driver takes the first message.
    Handle,
    Insert,
    /// The connection becomes half-open.
    Swallow,
    Lose,
    Begin,
    Look,
    Take,
}

/// How long the server keeps a value, where that matters.
const LIVES: u8 = 2;

impl Model for Copies {
    type World = World;
    type Move = Move;

    fn start(&self) -> World {
        World::start(self)
    }

    fn moves(&self, world: &World, moves: &mut Vec<Move>) {
        moves.clear();
        moves.push(Move::Tick);
        if self.expires {
            moves.extend([Move::Expire(Key::Entry), Move::Expire(Key::Tag)]);
        }
        if self.flushes && !world.flushed {
            moves.push(Move::Flush);
        }
        for process in 0..self.processes {
            use ProcessMove::{Begin, Execute, Handle, Insert, Look, Lose, Ping, Swallow, Take};
            let all = [Ping, ProcessMove::Read(Key::Entry), Execute, Handle, Insert];
            moves.extend(all.map(|step| Move::Process(process, step)));
            if self.breaks {
                moves.extend([Swallow, Lose].map(|step| Move::Process(process, step)));
            }
            if self.tagged {
                moves.push(Move::Process(process, ProcessMove::Read(Key::Tag)));
            }
            if self.slow {
                moves.extend([Begin, Look, Take].map(|step| Move::Process(process, step)));
            }
        }
        moves.extend(LoaderMove::ALL.map(Move::Loader));
        for (which, writer) in world.writers().enumerate() {
            moves.extend(self.writer_moves(writer).map(|step| Move::Writer(which, step)));
        }
    }

    fn take(&self, world: &World, step: Move) -> Result<Option<World>, Violation> {
        let mut next = world.clone();
        let taken = match step {
            Move::Tick => self.tick(&mut next),
            Move::Expire(key) => self.expire(&mut next, key),
            Move::Flush => self.flush(&mut next),
            Move::Process(who, step) => self.go_on(&mut next, who, step)?,
            Move::Loader(step) => self.load(&mut next, step),
            Move::Writer(which, step) => self.write(&mut next, which, step),
        };
        if taken.is_none() {
            return Ok(None);
        }
        next.forget(self);
        next.check(self)?;
        Ok(Some(next))
    }

    fn code(&self, world: &World) -> u128 {
        world.encode(self)
    }
}

impl Copies {
    fn writer_moves(&self, writer: &Writer) -> impl Iterator<Item = WriterMove> + use<> {
        let settles = matches!(writer.next(), Some(Next::Settle(_)));
        let leaves = settles
            && writer.role.kind == Kind::Fences
            && writer.role.key == Key::Entry
            && !self.tagged;
        let apart = writer.role.process < self.processes;
        let (step, other) = match writer.stage {
            Stage::Ready if writer.may_commit() => (Some(WriterMove::Commit), None),
            Stage::Ready if apart => (Some(WriterMove::Send), None),
            Stage::Ready => {
                (Some(WriterMove::Tell { value: false }), Some(WriterMove::Tell { value: true }))
            }
            Stage::Sent => (
                Some(WriterMove::Execute { value: false }),
                Some(WriterMove::Execute { value: true }),
            ),
            Stage::Taken { .. } => (Some(WriterMove::Answer), None),
            Stage::Confirmed => (Some(WriterMove::Return), None),
            Stage::Done => (None, None),
        };
        step.into_iter().chain(other.filter(|_| leaves))
    }

    /// The age from which on all are the same.
    fn oldest(&self) -> u8 {
        if self.lives { self.lease.max(LIVES) } else { self.lease }
    }

    fn tick(&self, world: &mut World) -> Option<()> {
        let oldest = self.oldest();
        world.processes[..self.processes].iter_mut().for_each(|process| process.tick(oldest));
        world.writers.iter_mut().flatten().for_each(|writer| writer.tick(self.lease));
        held::elapse(&mut world.life);
        if world.life == 0 {
            world.empty(Key::Entry);
        }
        Some(())
    }

    fn go_on(
        &self,
        world: &mut World,
        who: usize,
        step: ProcessMove,
    ) -> Result<Option<()>, Violation> {
        let writes = world.writers().any(|writer| writer.role.process == who && writer.waits());
        let least = world.least(self, who);
        let process = &mut world.processes[who];
        let room = process.link.under_way() < self.commands && !process.link.half_open;
        match step {
            ProcessMove::Ping if room => process.link.send(What::Ping),
            ProcessMove::Read(key) if room && process.read == Read::None => {
                process.read = Read::Sent { key, moved: false };
                process.link.send(What::Read(key));
            }
            ProcessMove::Execute => return Ok(self.execute(world, who)),
            ProcessMove::Handle => return Ok(process.handle(self.lease, self.broken)),
            ProcessMove::Insert => return Ok(process.insert(writes, self.broken)),
            ProcessMove::Swallow if !process.link.half_open => process.link.swallow(),
            ProcessMove::Lose => process.lose(self.broken),
            ProcessMove::Begin if process.hit == Hit::None => process.hit = Hit::Began { least },
            ProcessMove::Look if process.lease > 0 => match process.hit {
                Hit::Began { least } => process.hit = Hit::Covered { least },
                Hit::Taken { least, version } if version < least => {
                    return Err(Violation::Copied { version, least });
                }
                Hit::Taken { .. } => process.hit = Hit::None,
                Hit::None | Hit::Covered { .. } => return Ok(None),
            },
            ProcessMove::Take => return self.take_copy(world, who),
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// A call takes the copy that it has come for.
    fn take_copy(&self, world: &mut World, who: usize) -> Result<Option<()>, Violation> {
        let process = &mut world.processes[who];
        let Some(copied) = process.found(self.tagged) else { return Ok(None) };
        match (process.hit, copied.found) {
            (Hit::Covered { least }, _) => {
                process.hit = Hit::None;
                world.judge(copied, least)?;
            }
            (Hit::Began { least }, Found::Value(Stored { version, .. }))
                if self.broken == Some(Rule::LeaseFirst) =>
            {
                process.hit = Hit::Taken { least, version };
            }
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    fn load(&self, world: &mut World, step: LoaderMove) -> Option<()> {
        match (step, world.loader) {
            (LoaderMove::Acquire, Loader::Idle) => {
                let good = match world.entry {
                    State::Value(_, stored) => !self.tagged || world.is_good(stored),
                    _ => false,
                };
                let step = loader::acquire(&world.entry, good)?;
                let tag = if self.tagged { self.stamp(world)? } else { NEVER };
                self.run_entry(world, step);
                world.loader = Loader::Holding { lease: Expected::Lease(DRAWN), tag };
            }
            (LoaderMove::Load, Loader::Holding { lease, tag }) => {
                let stored = Stored { version: world.row.version, tag };
                world.loader = Loader::Loaded { lease, stored };
            }
            (LoaderMove::Fill, Loader::Loaded { lease, stored }) => {
                world.loader = Loader::Idle;
                self.run_entry(world, loader::fill(lease, stored));
                if self.lives && matches!(world.entry, State::Value(..)) {
                    world.life = LIVES;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn write(&self, world: &mut World, which: usize, step: WriterMove) -> Option<()> {
        let mut writer = world.writers[which]?;
        let wait = if self.strict { self.lease } else { 0 };
        let own = (writer.role.process < self.processes).then_some(writer.role.process);
        match step {
            WriterMove::Commit => {
                let stands = match writer.role.key {
                    Key::Entry => writer.stands(&world.entry),
                    Key::Tag => writer.stands(&world.tag),
                };
                writer.stood = stands;
                writer.version = Some(world.row.commit(stands, stands));
            }
            WriterMove::Send => {
                writer.next()?;
                writer.stage = Stage::Sent;
                if let Some(own) = own {
                    world.processes[own].take_away(writer.role.key, self.broken);
                }
            }
            WriterMove::Execute { value } => self.take_step(world, &mut writer, value)?,
            WriterMove::Answer => {
                writer.answered(wait, self.broken)?;
                if let Some(own) = own
                    && self.broken != Some(Rule::WriterTakes)
                {
                    world.processes[own].take_away(writer.role.key, self.broken);
                }
            }
            WriterMove::Tell { value } => {
                self.take_step(world, &mut writer, value)?;
                writer.answered(wait, self.broken)?;
            }
            WriterMove::Return => {
                if writer.left > 0 {
                    return None;
                }
                writer.stage = Stage::Done;
                world.row.acknowledge(writer.version?);
            }
        }
        if let (Some(own), Some(version), false) = (own, writer.in_force(), self.strict) {
            let shown = &mut world.processes[own].own;
            *shown = version.max(*shown);
        }
        world.writers[which] = Some(writer);
        Some(())
    }

    /// The store takes the writer's step.
    fn take_step(&self, world: &mut World, writer: &mut Writer, value: bool) -> Option<()> {
        let next = writer.next()?;
        match writer.role.key {
            Key::Entry => {
                let reply = self.run_entry(world, writer.entry_step(next, value));
                writer.taken(next, &reply, self.broken);
            }
            Key::Tag => {
                let reply = self.run_tag(world, Writer::tag_step(next));
                writer.taken(next, &reply, self.broken);
            }
        }
        Some(())
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Move::Tick => f.write_str("time goes on"),
            Move::Expire(key) => write!(f, "the {key:?} expires"),
            Move::Flush => f.write_str("the server is flushed"),
            Move::Process(who, step) => write!(f, "process {}: {step}", who + 1),
            Move::Loader(step) => write!(f, "the loader {step}"),
            Move::Writer(which, step) => write!(f, "writer {} {step}", which + 1),
        }
    }
}

impl fmt::Display for ProcessMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessMove::Ping => f.write_str("PING is sent"),
            ProcessMove::Read(key) => write!(f, "a read of the {key:?} is sent"),
            ProcessMove::Execute => f.write_str("the server executes a command"),
            ProcessMove::Handle => f.write_str("the driver takes a message"),
            ProcessMove::Insert => f.write_str("a copy is inserted, if it may be"),
            ProcessMove::Swallow => f.write_str("the connection is half-open from now on"),
            ProcessMove::Lose => f.write_str("the connection is lost"),
            ProcessMove::Begin => f.write_str("a call begins"),
            ProcessMove::Look => f.write_str("it looks at the lease"),
            ProcessMove::Take => f.write_str("it takes the copy"),
        }
    }
}
