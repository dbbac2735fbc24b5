//! What the actors remember of the two keys, by few names, and what they forget.

use super::{
    Tags,
    flight::{Flight, Phase},
    keys::{OWN, RETURNING, Target},
    rule::Rule,
    world::{FLIGHTS, World},
};
use cache_runtime::protocol::{Nonce, State};

use crate::state::{self, NEVER};

/// The first name of a tag's stamp that is gone, but that somebody will compare with what an entry has.
const COMPARED: u8 = 3;

impl World {
    /// Names the nonces that the keys hold, and forgets those that nobody can meet again.
    pub(super) fn forget(&mut self, model: &Tags) {
        let held = state::name(&mut self.entry);
        self.memories(Target::Entry, |nonce| *nonce = state::renamed(*nonce, held, NEVER));
        self.late.take_if(|(expected, _)| state::is_lost(*expected));

        let held = state::name(&mut self.tag);
        if held == RETURNING {
            state::held(&mut self.tag).into_iter().for_each(|nonce| *nonce = RETURNING);
        }
        match self.kept(model) {
            None => {
                let saved = self.tag_server.name(held);
                self.memories(Target::Tag, |nonce| *nonce = state::renamed(*nonce, held, saved));
            }
            Some(kept) => self.memories(Target::Tag, |nonce| *nonce = kept.name(*nonce, held)),
        }
        self.looker.take_if(|looker| looker.stamp == NEVER);

        if let State::Value(_, stored) = &mut self.entry
            && stored.tag == NEVER
        {
            stored.version = 0;
        }
        let in_force = self.row.in_force;
        self.authors.iter_mut().for_each(|author| author.forget(in_force));
        self.flights.iter_mut().for_each(|flight| flight.forget(model));
    }

    /// Visits every nonce of one of the keys that an actor remembers, or an entry bears.
    fn memories(&mut self, key: Target, mut visit: impl FnMut(&mut Nonce)) {
        let authors = self.authors.iter_mut();
        authors
            .filter(|author| author.target == key)
            .filter_map(|author| author.writer.nonce_mut())
            .for_each(&mut visit);
        self.owner.epoch_mut(key).into_iter().for_each(&mut visit);
        match key {
            Target::Entry => {
                self.flights.iter_mut().filter_map(Flight::expected_mut).for_each(&mut visit);
                let late = self.late.iter_mut();
                late.for_each(|(expected, _)| visit(state::expected(expected)));
            }
            Target::Tag => {
                self.flights.iter_mut().filter_map(Flight::tag_mut).for_each(&mut visit);
                self.recorded(&mut visit);
                self.looker.iter_mut().for_each(|looker| visit(&mut looker.stamp));
            }
        }
    }

    /// Visits the stamps under which there is a value, or may be.
    fn recorded(&mut self, mut visit: impl FnMut(&mut Nonce)) {
        if let State::Value(_, stored) = &mut self.entry {
            visit(&mut stored.tag);
        }
        self.late.iter_mut().for_each(|(_, stored)| visit(&mut stored.tag));
        self.authors.iter_mut().for_each(|author| visit(&mut author.stamp));
    }

    /// The stamps that mean something although the tag does not hold them; nothing where there can be none.
    fn kept(&mut self, model: &Tags) -> Option<Kept> {
        let returns = model.broken == Some(Rule::NewStamp);
        if self.looker.is_none() && !model.overlay && !model.owner && !returns {
            return None;
        }
        let mut compared = [NEVER; 1 + FLIGHTS];
        compared[0] = self.looker.map_or(NEVER, |looker| looker.stamp);
        let mut recorded = Vec::new();
        for (flight, compared) in self.flights.iter_mut().zip(&mut compared[1..]) {
            match flight.phase {
                Phase::Noted { tag, .. } => *compared = tag,
                _ => recorded.extend(flight.tag_mut().copied()),
            }
        }
        self.recorded(|nonce| recorded.push(*nonce));
        let compared = compared.map(|nonce| if recorded.contains(&nonce) { nonce } else { NEVER });
        let coming = if self.owner.leaves() { OWN } else { NEVER };
        Some(Kept { compared, coming })
    }
}

/// The stamps that mean something although the tag does not hold them.
struct Kept {
    /// Those that somebody knows, and will find good whatever the tag holds by then.
    compared: [Nonce; 1 + FLIGHTS],
    /// The one that is going to be left on the tag.
    coming: Nonce,
}

impl Kept {
    /// What a nonce is called when the tag holds `held`.
    fn name(&self, nonce: Nonce, held: Nonce) -> Nonce {
        if nonce == NEVER || nonce == RETURNING || nonce == self.coming {
            return nonce;
        }
        let known = state::renamed(nonce, held, NEVER);
        match self.compared.iter().position(|&other| other == nonce) {
            Some(at) if known == NEVER => state::nonce(COMPARED + at as u8),
            _ => known,
        }
    }
}
