//! Tags that values name. Which ones is known when a value is there: of a hit before it is served, so that a second look is at these
//! tags; of a load after it.
//!
//! A stamp that is asked for after a load may belong to a write that the load has not seen. It counts where it is older than the
//! load: this call has seen it before, or the store says how old it is. No stamp comes back, so it has stood ever since.

use std::time::Duration;

use super::{
    began::Began,
    decision::Decided,
    engine::{Ask, Engine},
    function::Function,
    key_state::Want,
    named_tags::NamedTags,
};
use crate::{
    error::Error,
    expiry::store_ttl,
    protocol::State,
    shared::each_once,
    stats::NotStored,
    tag_version::{current_stamp, stamp_and_age, stamp_step},
};

impl Engine {
    /// Looks at the tags that values name which were found, and judges these.
    pub(super) async fn look_at_named(&mut self) {
        let unjudged: Vec<_> = (0..self.keys.len())
            .filter_map(|at| Some((at, self.keys[at].unjudged()?.clone())))
            .collect();
        let names = unjudged.iter().flat_map(|(_, entry)| entry.names().unwrap_or_default());
        let names = each_once(names.map(str::to_owned).collect());
        let keys: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = match self.is_out() {
            true => Ok(Vec::new()),
            false => self.request.guard.look_many(&keys, self.request.policy.look()).await,
        };
        let found: Result<Vec<_>, Error> =
            found.and_then(|found| found.into_iter().collect::<Result<Vec<State<_>>, _>>());
        match found {
            Ok(found) if found.len() == names.len() => {
                let seen = &mut self.named().seen;
                seen.retain(|(name, _)| !names.contains(name));
                seen.extend(names.into_iter().zip(found.iter().map(current_stamp)));
            }
            Ok(_) => return self.close(NotStored::Unavailable),
            // Without its tags nobody can say of any entry whether it is good.
            Err(error) => return self.store_failed(&error),
        }
        for (at, entry) in unjudged {
            self.see(at, State::Value(entry.stamp(), entry));
        }
    }

    /// What takes the place of a value is likely to name the same tags: their versions are to be known before the load.
    pub(super) fn note_tags_of_replaced(&mut self) {
        for at in 0..self.keys.len() {
            if self.keys[at].want() != Want::Acquire {
                continue;
            }
            for name in self.keys[at].take_replaced_tags() {
                let seen = &mut self.named().seen;
                if seen.iter().all(|(known, _)| *known != name) {
                    seen.push((name, None));
                }
            }
        }
    }

    /// Asks the closures of loaded values. Says whether there are tags to ask for that these name.
    pub(super) fn decide(&mut self, function: &mut dyn Function) -> bool {
        let of = (&self.request.policy, self.request.inner.namespace.as_deref());
        let asked = self.asked.iter().filter(|&&at| !self.keys[at].is_answered());
        let decided: Vec<_> = asked.map(|&at| (at, function.decide(at, of))).collect();
        let stores = |(at, it): &(usize, Option<Decided>)| {
            it.as_ref().is_some_and(|it| !it.tags.is_empty() && it.ttl.is_ok())
                && self.keys[*at].lease().is_some()
        };
        let learns = decided.iter().any(stores);
        for Decided { kinds, .. } in decided.iter().filter_map(|(_, it)| it.as_ref()) {
            self.request.inner.declared.note_value_tags(kinds);
        }
        self.decided = decided;
        learns
    }

    /// Asks for the versions of the tags that loaded values name.
    pub(super) async fn learn(mut self) -> (Engine, Ask) {
        let policy = self.request.policy;
        let decided = || self.decided.iter().filter_map(|(_, it)| it.as_ref());
        let life = decided().filter_map(|it| Some(store_ttl(it.ttl.ok()?, &policy))).max();
        let life = life.unwrap_or_default();
        let names = each_once(decided().flat_map(|it| it.tags.iter().cloned()).collect());
        let steps = names.iter().map(|name| (name.as_str(), stamp_step(life))).collect();
        let replies = match self.send(steps).await {
            Ok(replies) => replies,
            Err(error) => {
                self.store_failed(&error);
                return (self, Ask::Settle);
            }
        };
        // The answers are there, so the load began no longer ago.
        let load = self.began.map(Began::at_most).unwrap_or(Duration::MAX);
        let mut learned = Vec::with_capacity(names.len());
        for (name, reply) in names.into_iter().zip(replies) {
            let Some((stamp, age)) = self.counted(reply).as_ref().and_then(stamp_and_age) else {
                continue;
            };
            let is_known =
                self.named().seen.iter().any(|(seen, now)| *seen == name && *now == Some(stamp));
            if is_known || age.is_some_and(|age| age > load) {
                learned.push((name, stamp));
            }
        }
        self.named().learned = learned;
        (self, Ask::Settle)
    }

    /// What this call knows of tags that values name.
    pub(super) fn named(&mut self) -> &mut NamedTags {
        self.named_tags.get_or_insert_default()
    }
}
