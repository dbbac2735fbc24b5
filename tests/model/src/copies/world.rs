//! The world of local copies: a server and its keys, a row, processes that keep copies, a loader and writers.

use std::fmt;

use super::{
    Copies,
    held::{Copied, FOREVER, Found, Key, Stored},
    loader::Loader,
    process::{Hit, Process, Read},
    writer::{Stage, Writer},
};
use cache_runtime::protocol::{Nonce, State};

use crate::{
    code::{Code, Widths},
    row::{Row, Version, Violation},
    state::{self, HELD, NEVER},
};

pub(super) const PROCESSES: usize = 2;
pub(super) const WRITERS: usize = 2;

/// More names than one state can have.
const NAMES: usize = 16;

/// One state of everything.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(super) entry: State<Stored>,
    /// For how long the server keeps the entry yet.
    pub(super) life: u8,
    pub(super) tag: State<()>,
    /// Whether the server has been flushed.
    pub(super) flushed: bool,
    pub(super) row: Row,
    /// The newest version that was in force a lease's length ago.
    pub(super) bound: Version,
    pub(super) processes: [Process; PROCESSES],
    pub(super) loader: Loader,
    pub(super) writers: [Option<Writer>; WRITERS],
}

impl World {
    pub(super) fn writers(&self) -> impl Iterator<Item = &Writer> {
        self.writers.iter().flatten()
    }

    /// The oldest version that a call in this process may be answered with from copies, if it calls now.
    pub(super) fn least(&self, model: &Copies, process: usize) -> Version {
        let least = if model.strict { self.row.in_force } else { self.bound };
        least.max(self.processes[process].own)
    }

    /// Checks what each process would hit that takes no time for it.
    pub(super) fn check(&self, model: &Copies) -> Result<(), Violation> {
        if let State::Value(_, stored) = self.entry
            && (!model.tagged || self.is_good(stored))
        {
            self.row.check(stored.version, false)?;
        }
        for (which, process) in self.processes[..model.processes].iter().enumerate() {
            if process.lease > 0 && !model.slow {
                let Some(copied) = process.found(model.tagged) else { continue };
                self.judge(copied, self.least(model, which))?;
            }
        }
        Ok(())
    }

    /// Judges a value that is served from copies.
    pub(super) fn judge(&self, copied: Copied, least: Version) -> Result<(), Violation> {
        let Found::Value(Stored { version, .. }) = copied.found else { return Ok(()) };
        if version < least {
            return Err(Violation::Copied { version, least });
        }
        if copied.truth == 0 { Err(Violation::Outlived) } else { Ok(()) }
    }

    /// Whether an entry's tag has the stamp that the entry was loaded under.
    pub(super) fn is_good(&self, stored: Stored) -> bool {
        matches!(self.tag, State::Value(stamp, ()) if stamp == stored.tag)
    }

    /// Names what is remembered by as few names as there need to be, and forgets what nobody can miss or meet again.
    pub(super) fn forget(&mut self, model: &Copies) {
        self.name();
        self.loader.forget();
        let broken = model.broken;
        self.processes[..model.processes].iter_mut().for_each(|process| process.forget(broken));
        for writer in self.writers.iter_mut().flatten() {
            if let Some(version) = writer.in_force()
                && writer.age == model.lease
            {
                self.bound = self.bound.max(version);
            }
            let version = writer.version.is_some_and(|version| version > self.bound);
            if writer.stage == Stage::Done && (model.strict || !version) {
                *writer = Writer { stage: Stage::Done, ..Writer::new(writer.role) };
            }
            if model.strict {
                writer.age = 0;
            }
        }
    }

    /// A nonce that is remembered once can be met by nobody: each is drawn anew. Only those that keys hold are what somebody
    /// may yet learn.
    fn name(&mut self) {
        let mut counts = [0u8; NAMES];
        let mut names = [NEVER; NAMES];
        let mut next = state::name_of(HELD);
        let held = [state::held(&mut self.entry).copied(), state::held(&mut self.tag).copied()];
        for nonce in held.into_iter().flatten() {
            counts[usize::from(state::name_of(nonce))] = 2;
        }
        self.nonces(|nonce| counts[usize::from(state::name_of(*nonce))] += 1);
        self.nonces(|nonce| {
            let name = usize::from(state::name_of(*nonce));
            if *nonce != NEVER && counts[name] > 1 && names[name] == NEVER {
                names[name] = state::nonce(next);
                next += 1;
            }
            *nonce = names[name];
        });
    }

    /// Visits every nonce, those that keys hold first.
    fn nonces(&mut self, mut visit: impl FnMut(&mut Nonce)) {
        state::held(&mut self.entry).into_iter().for_each(&mut visit);
        state::held(&mut self.tag).into_iter().for_each(&mut visit);
        if let State::Value(_, stored) = &mut self.entry {
            visit(&mut stored.tag);
        }
        self.writers.iter_mut().flatten().filter_map(|w| w.epoch.as_mut()).for_each(&mut visit);
        self.loader.nonces(&mut visit);
        self.processes.iter_mut().for_each(|process| process.nonces(&mut visit));
    }

    pub(super) fn encode(&self, model: &Copies) -> u128 {
        let version = if self.writers().count() > 1 { 2 } else { 1 };
        let mut code = Code::new(Widths { version, nonce: if model.tagged { 3 } else { 2 } });
        code.version(self.row.version);
        code.version(self.row.in_force);
        code.version(self.bound);
        code.key(&self.entry, 5, Stored::bits);
        if model.tagged {
            code.key(&self.tag, 0, |()| 0);
        }
        code.put(2, self.life);
        code.put(1, self.flushed);
        self.loader.encode(&mut code);
        self.writers().for_each(|writer| writer.encode(&mut code));
        let processes = &self.processes[..model.processes];
        processes.iter().for_each(|process| process.encode(&mut code));
        code.bits()
    }
}

impl World {
    /// What a read finds that can be copied.
    pub(super) fn look(&self, key: Key) -> Option<Copied> {
        let found = match (key, &self.entry, &self.tag) {
            (Key::Entry, State::Value(_, stored), _) => Found::Value(*stored),
            (Key::Tag, _, State::Value(stamp, ())) => Found::Stamp(*stamp),
            _ => return None,
        };
        let life = if key == Key::Entry { self.life } else { FOREVER };
        Some(Copied { found, left: life, truth: life })
    }

    /// A key holds nothing any more.
    pub(super) fn empty(&mut self, key: Key) {
        match key {
            Key::Entry => {
                self.entry = State::Vacant;
                self.life = FOREVER;
            }
            Key::Tag => self.tag = State::Vacant,
        }
    }

    pub(super) fn start(model: &Copies) -> World {
        World {
            entry: State::Vacant,
            life: FOREVER,
            tag: State::Vacant,
            flushed: false,
            row: Row::default(),
            bound: 0,
            processes: [Process::NEW; PROCESSES],
            loader: Loader::Idle,
            writers: model.writers.map(|role| role.map(Writer::new)),
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = state::show(&self.entry, |stored| stored.version.to_string());
        let tag = state::show(&self.tag, |()| String::new());
        write!(f, "entry {entry} | tag {} | row {}", tag.trim(), self.row.version)?;
        for process in &self.processes {
            if *process == Process::NEW {
                continue;
            }
            write!(f, " | lease {}, copies", process.lease)?;
            for copied in process.copies.iter().flatten() {
                match copied.found {
                    Found::Value(stored) => write!(f, " {}", stored.version)?,
                    Found::Stamp(_) => f.write_str(" stamp")?,
                }
            }
            match process.read {
                Read::None => {}
                Read::Sent { key, .. } => write!(f, ", reads {key:?}")?,
                Read::Answered { key, .. } => write!(f, ", has read {key:?}")?,
            }
            if process.hit != Hit::None {
                write!(f, ", {:?}", process.hit)?;
            }
        }
        Ok(())
    }
}
