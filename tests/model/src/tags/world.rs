//! The world of a tagged entry: two keys, a row and the actors.

use std::fmt;

use super::{
    Tags,
    author::{self, Author},
    flight::Flight,
    keys::{Stored, Target},
    looker::Looker,
    owner::Owner,
};
use cache_runtime::protocol::{self, Expected, Reply, State};

use crate::{
    code::{Code, Widths},
    row::{Row, Violation},
    server::Server,
    state,
};

pub(super) const AUTHORS: usize = 2;
pub(super) const FLIGHTS: usize = 2;

/// One state of everything.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(super) entry: State<Stored>,
    /// The tag's key; of an overlay, the primary key, whose values are another version's.
    pub(super) tag: State<()>,
    pub(super) tag_server: Server<()>,
    pub(super) row: Row,
    pub(super) authors: [Author; AUTHORS],
    pub(super) owner: Owner,
    pub(super) flights: [Flight; FLIGHTS],
    /// A caller that has read the tag, and reads the entry next.
    pub(super) looker: Option<Looker>,
    /// A fill on its way that nobody waits for any more.
    pub(super) late: Option<(Expected, Stored)>,
}

impl World {
    pub(super) fn expire(&self, target: Target) -> Option<World> {
        let mut next = self.clone();
        let authors = next.authors.iter_mut().filter(|author| author.target == target);
        match target {
            Target::Entry => lose(&mut next.entry, authors, &mut next.owner, target)?,
            Target::Tag => lose(&mut next.tag, authors, &mut next.owner, target)?,
        }
        Some(next)
    }

    /// Checks what a read would find that begins and ends now.
    pub(super) fn check(&self, model: &Tags) -> Result<(), Violation> {
        match self.entry {
            State::Value(_, stored) if model.is_good(self, stored.tag) => {
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

    /// The tag's server falls back to what it has saved.
    pub(super) fn fall(&self) -> Option<World> {
        let mut next = self.clone();
        next.tag = next.tag_server.fall()?;
        let tag = &next.tag;
        let authors = next.authors.iter_mut().filter(|author| author.target == Target::Tag);
        authors.for_each(|author| author.writer.fall(tag));
        Some(next)
    }

    pub(super) fn encode(&self, model: &Tags) -> u128 {
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
        if model.falls {
            self.tag_server.encode(&self.tag, &mut code, 0, |()| 0);
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
