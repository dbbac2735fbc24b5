//! The embedded store: values in bounded room, leases and fences beside it, the protocol as it is.
//!
//! Leases, fences and pending values are few and short-lived, and must not be pushed out, so they live in plain maps. These
//! are also the locks that make each step atomic. A key with one of these has no other value: a hit looks at the values
//! alone.
//!
//! A value or stamp that is pushed out is a key that has become vacant, as if its time were over. That can make an entry
//! stale too early, and never too late: a stamp is random, so that no later one is the same.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use super::{bounded::Bounded, limits::Limits, queues::Queues, timed::Timed};
use crate::{
    entry::Entry,
    look::Look,
    protocol::{self, Incarnation, Life, Reply, State, Step},
    stats::StoreCounters,
    store::inspected::Inspected,
    striped::Striped,
};

/// A map is swept of expired states when it has grown to this, and then to twice what was left.
const SWEEP: usize = 64;

pub(crate) struct MemoryStore {
    kept: Bounded,
    controls: Striped<Mutex<Controls>>,
    pub(super) queues: Queues,
    counters: Arc<StoreCounters>,
    /// Since when its clock runs.
    began: Instant,
}

/// The leases, fences and pending values of one stripe.
struct Controls {
    held: HashMap<Arc<str>, Timed<State<Entry>>>,
    sweep_at: usize,
}

impl MemoryStore {
    /// A store within `limits`, which counts what is too large for it.
    pub(crate) fn new(limits: Limits, counters: Arc<StoreCounters>) -> Self {
        MemoryStore {
            kept: Bounded::new(limits),
            controls: Striped::new(|| {
                Mutex::new(Controls { held: HashMap::new(), sweep_at: SWEEP })
            }),
            queues: Queues::default(),
            counters,
            began: Instant::now(),
        }
    }

    /// A store of so many values.
    #[cfg(test)]
    pub(crate) fn of_values(max_values: u64) -> Self {
        let limits = Limits { max_values: Some(max_values), ..Limits::DEFAULT };
        MemoryStore::new(limits, Arc::default())
    }

    /// The value under `key`, if it holds one. Any other state is a miss.
    pub(crate) fn read(&self, key: &str) -> State<Entry> {
        self.look(key, Look::Store)
    }

    /// The same, and keeps what the entry of a local copy is decoded to.
    pub(crate) fn look(&self, key: &str, look: Look) -> State<Entry> {
        match self.kept.get(key, Instant::now()) {
            Some(timed) => {
                let entry = match look {
                    Look::Local(_) => self.keeping_its_value(key, timed.held),
                    Look::Store => timed.held,
                };
                State::Value(entry.stamp(), entry)
            }
            None => match self.controls(key).held.get(key) {
                Some(Timed { held: pending @ State::Pending(_), .. }) => pending.clone(),
                _ => State::Vacant,
            },
        }
    }

    /// The entry under `key` itself, for a caller that can do with nothing else.
    pub(crate) fn local(&self, key: &str) -> Option<Entry> {
        self.kept.get(key, Instant::now()).map(|timed| timed.held.local())
    }

    /// The entry under `key`, beside which its value is kept from now on.
    fn keeping_its_value(&self, key: &str, found: Entry) -> Entry {
        if found.decoded().is_some() || found.is_stamp_only() {
            return found.local();
        }
        let _controls = self.controls(key);
        let now = Instant::now();
        match self.kept.get(key, now) {
            Some(Timed { held, ends }) if held == found && held.decoded().is_none() => {
                let held = held.keeping_its_value();
                self.kept.insert(key, Timed { held: held.clone(), ends });
                held.local()
            }
            // Somebody else has done so, or has put another entry in its place.
            Some(Timed { held, .. }) if held == found => held.local(),
            _ => found.local(),
        }
    }

    /// A panic cannot leave a stripe half changed: each change is one insert or remove.
    fn controls(&self, key: &str) -> MutexGuard<'_, Controls> {
        self.controls.of(key).lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn run(&self, key: &str, step: Step<Entry>) -> Reply<Entry> {
        let controls = self.controls(key);
        let now = Instant::now();
        let before = match controls.held.get(key) {
            Some(timed) if timed.stands(now) => timed.clone(),
            _ => self.value(key, now),
        };
        if let Step::Stamp { stamp, value, life } = step {
            let value = value.made_at(self.micros(now));
            let before = self.dated(key, before, now);
            let step = Step::Stamp { stamp, value, life };
            return self.aged(self.apply(controls, key, now, before, step), now);
        }
        self.apply(controls, key, now, before, step)
    }

    /// A writer that leaves a tag does not say when. From now on it is as old as it is found to be: younger than it is.
    fn dated(&self, key: &str, before: Timed<State<Entry>>, now: Instant) -> Timed<State<Entry>> {
        match before {
            Timed { held: State::Value(stamp, tag), ends } if tag.is_undated() => {
                let tag = tag.made_at(self.micros(now));
                self.kept.insert(key, Timed { held: tag.clone(), ends });
                Timed { held: State::Value(stamp, tag), ends }
            }
            before => before,
        }
    }

    /// The time on its clock, which never is zero.
    fn micros(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.began).as_micros()).unwrap_or(u64::MAX) + 1
    }

    /// The answer to who asks for a tag's stamp, with its age.
    fn aged(&self, reply: Reply<Entry>, now: Instant) -> Reply<Entry> {
        match reply {
            Reply::Found(State::Value(stamp, tag)) => {
                Reply::Found(State::Value(stamp, tag.found_at(self.micros(now))))
            }
            other => other,
        }
    }

    fn apply(
        &self,
        mut controls: MutexGuard<'_, Controls>,
        key: &str,
        now: Instant,
        before: Timed<State<Entry>>,
        step: Step<Entry>,
    ) -> Reply<Entry> {
        let transition = protocol::apply(before.held.clone(), step);
        if transition.life == Life::Unchanged && transition.state == before.held {
            return transition.reply;
        }
        if matches!(before.held, State::Value(..)) && !matches!(transition.state, State::Value(..))
        {
            self.kept.remove(key);
        }
        let ends = match transition.life {
            Life::Unchanged => before.ends,
            Life::For(life) => now.checked_add(life),
            Life::AtLeast(life) => {
                before.ends.and_then(|ends| Some(ends.max(now.checked_add(life)?)))
            }
            Life::Ahead(life) => before.ends.and_then(|ends| match now.checked_add(life)? {
                soon if ends <= soon => soon.checked_add(life),
                _ => Some(ends),
            }),
            Life::Endless => None,
        };
        let mut kept = true;
        match transition.state {
            State::Value(_, entry) => {
                controls.held.remove(key);
                if !self.kept.insert(key, Timed { held: entry, ends }) {
                    self.counters.oversized.add_one();
                    kept = false;
                }
                drop(controls);
                self.kept.sweep(now);
            }
            State::Vacant | State::Unreadable | State::Void(_) => {
                drop(controls.held.remove(key));
            }
            control @ (State::Leased(_) | State::Fenced(_) | State::Pending(_)) => {
                controls.sweep(now);
                controls.held.insert(key.into(), Timed { held: control, ends });
            }
        }
        match transition.reply {
            Reply::Done if !kept => Reply::NotKept,
            reply => reply,
        }
    }

    /// All that is known of `key`. Nothing is changed.
    pub(crate) fn inspect(&self, key: &str) -> Inspected {
        let controls = self.controls(key);
        let now = Instant::now();
        let Timed { held, ends } = match controls.held.get(key) {
            Some(timed) if timed.stands(now) => timed.clone(),
            _ => self.value(key, now),
        };
        let left = ends.map(|ends| ends.saturating_duration_since(now));
        Inspected::of(held, left, Incarnation::NONE)
    }

    fn value(&self, key: &str, now: Instant) -> Timed<State<Entry>> {
        match self.kept.get(key, now) {
            Some(timed) => {
                Timed { held: State::Value(timed.held.stamp(), timed.held), ends: timed.ends }
            }
            None => Timed { held: State::Vacant, ends: None },
        }
    }
}

impl Controls {
    /// Removes expired states now and then, so that keys that nobody touches again take no room for ever.
    fn sweep(&mut self, now: Instant) {
        if self.held.len() >= self.sweep_at {
            self.held.retain(|_, timed| timed.stands(now));
            self.held.shrink_to(self.held.len() * 2);
            self.sweep_at = SWEEP.max(self.held.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests;
