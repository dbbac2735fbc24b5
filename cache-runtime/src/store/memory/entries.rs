//! The embedded store: values in a bounded `moka` cache, leases and fences beside it, the protocol as it is.
//!
//! Leases, fences and pending values are few, short-lived and must not be evicted or refused by an admission
//! policy, so they live in plain maps, which are also the locks that make each step atomic. A key with one of
//! these has no other value: a hit looks at the values alone.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant as WallInstant},
};

use moka::{Expiry, sync::Cache};
use tokio::time::Instant;

use super::queues::Queues;
use crate::{
    entry::Entry,
    protocol::{self, Life, Reply, State, Step},
    striped::Striped,
};

/// A map is swept of expired states when it has grown to this, and then to twice what was left.
const SWEEP: usize = 64;

pub(crate) struct MemoryStore {
    values: Cache<Arc<str>, Timed<Entry>>,
    controls: Striped<Mutex<Controls>>,
    pub(super) queues: Queues,
}

/// Something that expires.
#[derive(Clone)]
struct Timed<T> {
    held: T,
    /// None for what would outlive the clock.
    ends: Option<Instant>,
}

/// The leases, fences and pending values of one stripe.
struct Controls {
    held: HashMap<Arc<str>, Timed<State<Entry>>>,
    sweep_at: usize,
}

impl MemoryStore {
    /// A store of at most `capacity` values.
    pub(crate) fn new(capacity: u64) -> Self {
        MemoryStore {
            values: Cache::builder().max_capacity(capacity).expire_after(Reclaim).build(),
            controls: Striped::new(|| {
                Mutex::new(Controls { held: HashMap::new(), sweep_at: SWEEP })
            }),
            queues: Queues::default(),
        }
    }

    /// The value under `key`, if it holds one. Any other state is a miss.
    pub(crate) fn read(&self, key: &str) -> State<Entry> {
        match self.values.get(key) {
            Some(timed) if timed.stands(Instant::now()) => {
                State::Value(timed.held.stamp(), timed.held)
            }
            _ => match self.controls(key).held.get(key) {
                Some(Timed { held: pending @ State::Pending(_), .. }) => pending.clone(),
                _ => State::Vacant,
            },
        }
    }

    /// A panic cannot leave a stripe half changed: each change is one insert or remove.
    fn controls(&self, key: &str) -> MutexGuard<'_, Controls> {
        self.controls.of(key).lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn run(&self, key: &str, step: Step<Entry>) -> Reply<Entry> {
        let mut controls = self.controls(key);
        let now = Instant::now();
        let before = match controls.held.get(key) {
            Some(timed) if timed.stands(now) => timed.clone(),
            _ => self.value(key, now),
        };
        let transition = protocol::apply(before.held.clone(), step);
        if transition.life == Life::Unchanged && transition.state == before.held {
            return transition.reply;
        }
        // An expired value may stay: whoever reads it sees that it has expired.
        if matches!(before.held, State::Value(..)) && !matches!(transition.state, State::Value(..))
        {
            self.values.invalidate(key);
        }
        let ends = match transition.life {
            Life::Unchanged => before.ends,
            Life::For(life) => now.checked_add(life),
            Life::AtLeast(life) => {
                before.ends.and_then(|ends| Some(ends.max(now.checked_add(life)?)))
            }
            Life::Endless => None,
        };
        match transition.state {
            State::Value(_, entry) => {
                controls.held.remove(key);
                self.values.insert(key.into(), Timed { held: entry, ends });
            }
            State::Vacant | State::Unreadable => drop(controls.held.remove(key)),
            control @ (State::Leased(_) | State::Fenced(_) | State::Pending(_)) => {
                controls.sweep(now);
                controls.held.insert(key.into(), Timed { held: control, ends });
            }
        }
        transition.reply
    }

    fn value(&self, key: &str, now: Instant) -> Timed<State<Entry>> {
        match self.values.get(key) {
            Some(timed) if timed.stands(now) => {
                Timed { held: State::Value(timed.held.stamp(), timed.held), ends: timed.ends }
            }
            _ => Timed { held: State::Vacant, ends: None },
        }
    }
}

impl<T> Timed<T> {
    fn stands(&self, now: Instant) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }
}

impl Controls {
    /// Removes expired states now and then, so that keys that nobody touches again take no room for ever.
    fn sweep(&mut self, now: Instant) {
        if self.held.len() >= self.sweep_at {
            self.held.retain(|_, timed| timed.stands(now));
            self.sweep_at = SWEEP.max(self.held.len() * 2);
        }
    }
}

/// Reclaims the room of expired values. A read decides by itself whether a value has expired.
struct Reclaim;

impl Expiry<Arc<str>, Timed<Entry>> for Reclaim {
    fn expire_after_create(
        &self,
        _: &Arc<str>,
        timed: &Timed<Entry>,
        _: WallInstant,
    ) -> Option<Duration> {
        timed.ends.map(|ends| ends.saturating_duration_since(Instant::now()))
    }

    fn expire_after_update(
        &self,
        key: &Arc<str>,
        timed: &Timed<Entry>,
        at: WallInstant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.expire_after_create(key, timed, at)
    }
}

#[cfg(test)]
mod tests;
