//! The world that is searched: a key, a row and the actors.

use std::fmt;

use super::{
    flight::Flight,
    rule::{self, Rule},
};
use cache_runtime::protocol::{Expected, Incarnation, Nonce, Reply, State};

use crate::{
    code::{Code, Widths},
    row::{Row, Version, Violation},
    server::Server,
    state,
    writer::Writer,
};

pub(super) const WRITERS: usize = 3;
pub(crate) const FLIGHTS: usize = 2;

/// One state of everything.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) key: State<Version>,
    pub(crate) row: Row,
    pub(super) writers: [Writer; WRITERS],
    pub(super) flights: [Flight; FLIGHTS],
    /// A fill on its way that nobody waits for any more.
    pub(super) late: Option<(Expected, Version)>,
    pub(super) server: Server<Version>,
}

impl World {
    pub(super) fn expire(&self, broken: Option<Rule>) -> Option<World> {
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

    /// The server saves what the key holds.
    pub(super) fn save(&self) -> Option<World> {
        let mut next = self.clone();
        next.server.save(&self.key)?;
        Some(next)
    }

    /// The server falls back to what it has saved.
    pub(super) fn fall(&self) -> Option<World> {
        let mut next = World { late: None, ..self.clone() };
        next.key = next.server.fall()?;
        let key = &next.key;
        next.writers.iter_mut().for_each(|writer| writer.fall(key));
        Some(next)
    }

    /// Checks what the next read would find that compares this incarnation.
    pub(crate) fn check(&self, incarnation: Incarnation, at_rest: bool) -> Result<(), Violation> {
        match self.key.clone().under(incarnation) {
            State::Value(_, version) => self.row.check(version, at_rest),
            _ => Ok(()),
        }
    }

    /// Whether nothing runs.
    pub(crate) fn rests(&self) -> bool {
        self.writers.iter().all(Writer::rests)
            && self.flights.iter().all(Flight::rests)
            && self.late.is_none()
    }

    /// Calls every nonce `NEVER` that the key does not hold, and the one that it holds by one name.
    pub(crate) fn forget(&mut self, others: &mut [Nonce]) {
        let held = state::name(&mut self.key);
        let saved = self.server.name(held);
        self.memories(|nonce| *nonce = state::renamed(*nonce, held, saved));
        others.iter_mut().for_each(|nonce| *nonce = state::renamed(*nonce, held, saved));
        let in_force = self.row.in_force;
        self.writers.iter_mut().for_each(|writer| writer.forget(in_force));
        self.flights.iter_mut().for_each(Flight::forget);
        // Nothing will come of it.
        self.late.take_if(|(expected, _)| state::is_lost(*expected));
    }

    /// Visits every version that is held, or that a flight has loaded.
    pub(crate) fn versions(&mut self, mut visit: impl FnMut(&mut Version)) {
        match &mut self.key {
            State::Value(_, version) => visit(version),
            State::Pending(pending) => visit(&mut pending.value),
            _ => {}
        }
        self.flights.iter_mut().flat_map(Flight::versions_mut).for_each(&mut visit);
        self.late.iter_mut().for_each(|(_, version)| visit(version));
    }

    /// Visits every nonce that an actor remembers.
    pub(super) fn memories(&mut self, mut visit: impl FnMut(&mut Nonce)) {
        self.writers.iter_mut().filter_map(Writer::nonce_mut).for_each(&mut visit);
        self.flights.iter_mut().flat_map(Flight::nonces_mut).for_each(&mut visit);
        if let Some((expected, _)) = &mut self.late {
            visit(state::expected(expected));
        }
    }

    /// A number for this state: the same for states that differ only in which writer is which.
    pub(crate) fn encode(&self, widths: Widths) -> Code {
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
        self.server.encode(&self.key, &mut code, widths.version, |&version| version.into());
        code
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | row {}", state::show(&self.key, Version::to_string), self.row.version)
    }
}
