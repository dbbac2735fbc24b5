//! The callers that wait in one flight.

use std::array;

use super::{
    code::Code,
    row::{Version, Violation},
};

/// The most callers that a flight has room for.
const ROOM: usize = 3;

/// Callers in the order of their tickets; the first one leads.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Callers {
    /// What was in force when each of them called.
    called: [Version; ROOM],
    count: usize,
    /// How many there may be at a time.
    room: usize,
}

impl Callers {
    /// Nobody calls.
    pub(super) fn none(room: usize) -> Callers {
        assert!(room <= ROOM);
        Callers { called: [0; ROOM], count: 0, room }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn room(&self) -> usize {
        self.room
    }

    pub(super) fn have_room(&self) -> bool {
        self.count < self.room
    }

    pub(super) fn join(&mut self, in_force: Version) {
        self.called[self.count] = in_force;
        self.count += 1;
    }

    /// Hands a version to the first of them, who leave.
    pub(super) fn hand(&mut self, first: usize, version: Version) -> Result<(), Violation> {
        let newest = self.called[..first].iter().copied().max().unwrap_or_default();
        if version < newest {
            return Err(Violation::Handed { version, in_force: newest });
        }
        self.leave(first);
        Ok(())
    }

    /// Hands a version to the first of those who wait, who leave. The leader stays.
    pub(super) fn hand_waiting(&mut self, first: usize, version: Version) -> Result<(), Violation> {
        if self.count == 0 {
            return Ok(());
        }
        let leader = self.called[0];
        self.called[0] = 0;
        self.hand(first + 1, version)?;
        let called = self.called;
        self.called = array::from_fn(|at| if at == 0 { leader } else { called[at - 1] });
        self.count += 1;
        Ok(())
    }

    /// The first of them leave.
    pub(super) fn leave(&mut self, first: usize) {
        let called = self.called;
        self.called = array::from_fn(|at| called.get(at + first).copied().unwrap_or_default());
        self.count -= first;
    }

    /// Forgets what makes no difference: what was in force for those who will get what is still to be
    /// loaded, or found in the key, and by how much it was newer than `loaded` for the first, who may get
    /// that.
    pub(super) fn forget(&mut self, first: usize, loaded: Option<Version>) {
        for (at, called) in self.called.iter_mut().enumerate() {
            *called = match loaded {
                Some(loaded) if at < first && *called > loaded => loaded + 1,
                _ => 0,
            };
        }
    }

    pub(super) fn encode(&self, code: &mut Code) {
        code.put(2, self.count as u8);
        self.called.iter().for_each(|&version| code.version(version));
    }
}
