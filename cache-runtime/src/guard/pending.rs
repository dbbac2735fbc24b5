//! The pending invalidations: keys whose invalidation the store has not confirmed, oldest first.
//!
//! A key is pending while a writer works on it under a fence that is not confirmed, and from an unconfirmed fence,
//! settlement or delete until a later delete is confirmed. Meanwhile this process treats it as fenced, so that it does not
//! serve the old value, whatever the store holds. A key is pending once, however many writes it has seen: a delete
//! that is sent after the last of them does for all.
//!
//! A logical clock ticks with every invalidation that becomes pending. Who sends a delete reads it before; its
//! confirmation confirms what became pending until then, and nothing later.
//!
//! Where there is no room for more keys, the namespace's tag is pending in the place of all of them: one delete of the
//! tag ends every entry, so nothing is lost but what was cached. Without a namespace, the oldest is dropped and counted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

use crate::{protocol::Nonce, stats::StoreCounters};

pub(super) struct PendingInvalidations {
    most: usize,
    /// The tag that every entry carries, if there is one.
    namespace_tag: Option<Arc<str>>,
    state: Mutex<PendingState>,
    /// How many keys are pending: mostly all that a read looks at.
    len: AtomicUsize,
    clock: AtomicU64,
    counters: Arc<StoreCounters>,
    /// Notified when nothing is pending any more.
    empty: Notify,
}

#[derive(Default)]
struct PendingState {
    keys: HashMap<Arc<str>, KeyState>,
    /// The keys with a pending invalidation, by their places.
    order: BTreeMap<u64, Arc<str>>,
    next_place: u64,
    /// Whether there has been no room since nothing was pending.
    overflown: bool,
}

/// What is known of one key.
#[derive(Default)]
struct KeyState {
    /// Writers at work under a fence that is not confirmed.
    writers: usize,
    pending: Option<PendingInvalidation>,
}

#[derive(Clone, Copy)]
struct PendingInvalidation {
    place: u64,
    /// When the last of its writes ended.
    at: LogicalTime,
    /// The fence of one of these writes whose settlement may not have counted.
    own: Option<Nonce>,
}

/// A key that is pending, and the fence of its writer that may still stand.
pub(super) type Due = (Arc<str>, Option<Nonce>);

/// A time on the logical clock of pending invalidations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct LogicalTime(u64);

impl PendingInvalidations {
    pub(super) fn new(
        most: usize,
        namespace_tag: Option<Arc<str>>,
        counters: &Arc<StoreCounters>,
    ) -> PendingInvalidations {
        PendingInvalidations {
            most: most.max(1),
            namespace_tag,
            state: Mutex::default(),
            len: AtomicUsize::new(0),
            clock: AtomicU64::new(0),
            counters: Arc::clone(counters),
            empty: Notify::new(),
        }
    }

    /// How many keys are pending.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Whether `key` is pending.
    pub(super) fn contains(&self, key: &str) -> bool {
        self.len() != 0 && self.state().keys.contains_key(key)
    }

    /// The time now: a delete that is sent from now on confirms every invalidation that is pending by now.
    pub(super) fn now(&self) -> LogicalTime {
        LogicalTime(self.clock.load(Ordering::Acquire))
    }

    /// A writer begins to work on `key` under a fence that is not confirmed. It ends under the name that is returned.
    pub(super) fn begin(&self, key: &Arc<str>) -> Arc<str> {
        let mut state = self.state();
        let name = self.make_room(&mut state, key);
        state.keys.entry(Arc::clone(&name)).or_default().writers += 1;
        self.count(&state);
        name
    }

    /// Such a writer has ended, and the store has confirmed it.
    pub(super) fn end(&self, name: &str) {
        let mut state = self.state();
        state.leave(name);
        self.count(&state);
    }

    /// Such a writer has ended, and the store has not confirmed it.
    pub(super) fn end_unconfirmed(&self, name: &Arc<str>, own: Option<Nonce>) {
        let mut state = self.state();
        state.leave(name);
        self.add_locked(&mut state, name, own);
    }

    /// A write of `key` has ended, and the store has not confirmed it. `own` is the fence that may still stand for it.
    pub(super) fn add(&self, key: &Arc<str>, own: Option<Nonce>) {
        self.add_locked(&mut self.state(), key, own);
    }

    /// A delete of `key` that was sent at `sent` is confirmed.
    pub(super) fn confirm(&self, key: &str, sent: LogicalTime) {
        if self.len() != 0 {
            let mut state = self.state();
            state.confirm(key, sent);
            self.count(&state);
        }
    }

    /// The oldest keys, and the time now, which confirms what is sent for them from now on.
    pub(super) fn oldest(&self, most: usize) -> (LogicalTime, Vec<Due>) {
        let state = self.state();
        let own = |key| state.keys.get(key)?.pending?.own;
        let oldest = state.order.values().take(most).map(|key| (Arc::clone(key), own(key)));
        (self.now(), oldest.collect())
    }

    /// Puts a key behind all others: the store has refused this one, and may accept those.
    pub(super) fn postpone(&self, key: &str) {
        let mut state = self.state();
        let place = state.next_place();
        let Some((name, _)) = state.keys.get_key_value(key) else { return };
        let name = Arc::clone(name);
        if let Some(pending) =
            state.keys.get_mut(key).and_then(|key_state| key_state.pending.as_mut())
        {
            let old = std::mem::replace(&mut pending.place, place);
            state.order.remove(&old);
            state.order.insert(place, name);
        }
    }

    /// Waits until nothing is pending.
    pub(super) async fn all_confirmed(&self) {
        loop {
            let empty = self.empty.notified();
            if self.len() == 0 {
                return;
            }
            empty.await;
        }
    }

    /// Each change is whole before anything can panic.
    fn state(&self) -> MutexGuard<'_, PendingState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_locked(&self, state: &mut PendingState, key: &Arc<str>, own: Option<Nonce>) {
        let name = self.make_room(state, key);
        let at = LogicalTime(self.clock.fetch_add(1, Ordering::AcqRel) + 1);
        state.add(&name, at, own);
        self.count(state);
    }

    /// The name under which `key` is pending: its own, or the namespace's tag, where that is pending already or there is no
    /// room for more.
    fn make_room(&self, state: &mut PendingState, key: &Arc<str>) -> Arc<str> {
        if let Some(namespace_tag) = &self.namespace_tag
            && state.keys.get(namespace_tag).is_some_and(|key_state| key_state.pending.is_some())
        {
            return Arc::clone(namespace_tag);
        }
        if state.keys.len() < self.most || state.keys.contains_key(key) {
            return Arc::clone(key);
        }
        let first = !std::mem::replace(&mut state.overflown, true);
        match &self.namespace_tag {
            Some(namespace_tag) => {
                tracing::warn!(
                    pending = state.keys.len(),
                    "too many invalidations wait for the cache's store: all entries of the namespace will be ended"
                );
                state.clear();
                let at = LogicalTime(self.clock.fetch_add(1, Ordering::AcqRel) + 1);
                state.add(namespace_tag, at, None);
                Arc::clone(namespace_tag)
            }
            None => {
                if state.drop_oldest() {
                    self.counters.dropped_invalidations.add_one();
                }
                if first {
                    tracing::error!(
                        pending = state.keys.len(),
                        "too many invalidations wait for the cache's store: the oldest are given up, and their keys may \
                         be served as they were; give the cache a namespace, or a larger `max_pending_invalidations`"
                    );
                }
                Arc::clone(key)
            }
        }
    }

    /// Publishes how many keys are pending.
    fn count(&self, state: &PendingState) {
        let len = state.keys.len();
        self.counters.pending_invalidations(len as u64);
        if self.len.swap(len, Ordering::AcqRel) != 0 && len == 0 {
            self.empty.notify_waiters();
        }
    }
}

impl PendingState {
    fn next_place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place
    }

    /// A writer has ended.
    fn leave(&mut self, name: &str) {
        if let Some(key_state) = self.keys.get_mut(name) {
            key_state.writers = key_state.writers.saturating_sub(1);
            self.close(name);
        }
    }

    fn add(&mut self, name: &Arc<str>, at: LogicalTime, own: Option<Nonce>) {
        let place = self.next_place();
        let key_state = self.keys.entry(Arc::clone(name)).or_default();
        match &mut key_state.pending {
            Some(pending) => {
                pending.at = at;
                pending.own = own.or(pending.own);
            }
            None => {
                key_state.pending = Some(PendingInvalidation { place, at, own });
                self.order.insert(place, Arc::clone(name));
            }
        }
    }

    fn confirm(&mut self, name: &str, sent: LogicalTime) {
        let Some(key_state) = self.keys.get_mut(name) else { return };
        if let Some(pending) = key_state.pending.take_if(|pending| pending.at <= sent) {
            self.order.remove(&pending.place);
        }
        self.close(name);
    }

    /// Removes a key that has no writer and is not pending.
    fn close(&mut self, name: &str) {
        if self
            .keys
            .get(name)
            .is_some_and(|key_state| key_state.writers == 0 && key_state.pending.is_none())
        {
            self.keys.remove(name);
            self.overflown &= !self.keys.is_empty();
        }
    }

    /// Drops the oldest. Says whether there was one.
    fn drop_oldest(&mut self) -> bool {
        let Some((_, name)) = self.order.pop_first() else { return false };
        if let Some(key_state) = self.keys.get_mut(&name) {
            key_state.pending = None;
        }
        self.close(&name);
        true
    }

    /// Drops all of them.
    fn clear(&mut self) {
        while self.drop_oldest() {}
    }
}

#[cfg(test)]
mod tests;
