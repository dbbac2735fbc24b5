//! Invalidations that the store has not confirmed: which keys they are, in the order in which they came to be owed.
//!
//! A key is owed while a writer is at work on it whose fence the store has not confirmed, and after a write for as
//! long as the store has not confirmed that it was emptied. Meanwhile this process reads past it, so that the old value is not
//! served here, whatever the store holds. A key is owed once, however many writes it has seen: what is sent
//! after the last of them does for all.
//!
//! There is a clock that goes on with every debt. Whoever sends something that empties the key looks at it
//! before, and when that is confirmed, the debts from until then are paid, and no later one.
//!
//! Where there is no room for more keys, and the cache has a namespace, that is owed as a whole from then on: one
//! delete of its tag ends every entry, so nothing is lost but what was cached. Without a namespace, the oldest
//! debt is given up and counted.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

use crate::{protocol::Nonce, stats::StoreCounters};

pub(super) struct Owed {
    most: usize,
    /// The tag that every entry carries, if there is one.
    everything: Option<Arc<str>>,
    books: Mutex<Books>,
    /// How many keys are owed: all that a read has to look at, most of the time.
    len: AtomicUsize,
    clock: AtomicU64,
    counters: Arc<StoreCounters>,
    /// Told when nothing is owed any more.
    paid: Notify,
}

#[derive(Default)]
struct Books {
    keys: HashMap<Arc<str>, Account>,
    /// The keys with debts, in the order of their places.
    order: BTreeMap<u64, Arc<str>>,
    next_place: u64,
    /// Whether there has been no room since there was nothing owed.
    overflown: bool,
}

/// What is known of one key.
#[derive(Default)]
struct Account {
    /// Writers at work under a fence that is not confirmed.
    writers: usize,
    debt: Option<Debt>,
}

#[derive(Clone, Copy)]
struct Debt {
    place: u64,
    /// When the last write ended that is to be paid for.
    at: Moment,
    /// The fence of one of these writes whose settlement may not have counted.
    own: Option<Nonce>,
}

/// A key that is owed, and the fence that may still stand for it.
pub(super) type Due = (Arc<str>, Option<Nonce>);

/// A moment on the clock of debts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Moment(u64);

impl Owed {
    pub(super) fn new(
        most: usize,
        everything: Option<Arc<str>>,
        counters: &Arc<StoreCounters>,
    ) -> Owed {
        Owed {
            most: most.max(1),
            everything,
            books: Mutex::default(),
            len: AtomicUsize::new(0),
            clock: AtomicU64::new(0),
            counters: Arc::clone(counters),
            paid: Notify::new(),
        }
    }

    /// How many keys are owed.
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Whether `key` is to be read past.
    pub(super) fn has(&self, key: &str) -> bool {
        self.len() != 0 && self.books().keys.contains_key(key)
    }

    /// Now: what is sent from now on pays for every debt until now.
    pub(super) fn now(&self) -> Moment {
        Moment(self.clock.load(Ordering::Acquire))
    }

    /// A writer begins to work on `key` without a confirmed fence. It ends under the name that is returned.
    pub(super) fn begin(&self, key: &Arc<str>) -> Arc<str> {
        let mut books = self.books();
        let name = self.make_room(&mut books, key);
        books.keys.entry(Arc::clone(&name)).or_default().writers += 1;
        self.count(&books);
        name
    }

    /// Such a writer has ended, and owes nothing.
    pub(super) fn end(&self, name: &str) {
        let mut books = self.books();
        books.leave(name);
        self.count(&books);
    }

    /// Such a writer has ended, and the store has not confirmed it.
    pub(super) fn end_owing(&self, name: &Arc<str>, own: Option<Nonce>) {
        let mut books = self.books();
        books.leave(name);
        self.add(&mut books, name, own);
    }

    /// A write of `key` has ended, and the store has not confirmed it. `own` is the fence that may still stand for it.
    pub(super) fn owe(&self, key: &Arc<str>, own: Option<Nonce>) {
        self.add(&mut self.books(), key, own);
    }

    /// What was sent for `key` at `sent` has been confirmed.
    pub(super) fn confirm(&self, key: &str, sent: Moment) {
        if self.len() != 0 {
            let mut books = self.books();
            books.pay(key, sent);
            self.count(&books);
        }
    }

    /// The oldest debts, to be paid by what is sent at this moment.
    pub(super) fn oldest(&self, most: usize) -> (Moment, Vec<Due>) {
        let books = self.books();
        let own = |key| books.keys.get(key)?.debt?.own;
        let oldest = books.order.values().take(most).map(|key| (Arc::clone(key), own(key)));
        (self.now(), oldest.collect())
    }

    /// Puts a debt behind all others: the store has refused this one, and may take those.
    pub(super) fn postpone(&self, key: &str) {
        let mut books = self.books();
        let place = books.next_place();
        let Some((name, _)) = books.keys.get_key_value(key) else { return };
        let name = Arc::clone(name);
        if let Some(debt) = books.keys.get_mut(key).and_then(|account| account.debt.as_mut()) {
            let old = std::mem::replace(&mut debt.place, place);
            books.order.remove(&old);
            books.order.insert(place, name);
        }
    }

    /// Waits until nothing is owed.
    pub(super) async fn paid(&self) {
        loop {
            let paid = self.paid.notified();
            if self.len() == 0 {
                return;
            }
            paid.await;
        }
    }

    /// Each change is whole before anything can panic.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, books: &mut Books, key: &Arc<str>, own: Option<Nonce>) {
        let name = self.make_room(books, key);
        let at = Moment(self.clock.fetch_add(1, Ordering::AcqRel) + 1);
        books.owe(&name, at, own);
        self.count(books);
    }

    /// The name under which `key` is owed: its own, or that of everything, where that is owed already or there
    /// is no room for more.
    fn make_room(&self, books: &mut Books, key: &Arc<str>) -> Arc<str> {
        if let Some(everything) = &self.everything
            && books.keys.get(everything).is_some_and(|account| account.debt.is_some())
        {
            return Arc::clone(everything);
        }
        if books.keys.len() < self.most || books.keys.contains_key(key) {
            return Arc::clone(key);
        }
        let first = !std::mem::replace(&mut books.overflown, true);
        match &self.everything {
            Some(everything) => {
                tracing::warn!(
                    owed = books.keys.len(),
                    "too many invalidations wait for the cache's store: all entries of the namespace will be ended"
                );
                books.forgive();
                let at = Moment(self.clock.fetch_add(1, Ordering::AcqRel) + 1);
                books.owe(everything, at, None);
                Arc::clone(everything)
            }
            None => {
                if books.drop_oldest() {
                    self.counters.dropped_invalidations.add_one();
                }
                if first {
                    tracing::error!(
                        owed = books.keys.len(),
                        "too many invalidations wait for the cache's store: the oldest are given up, and their keys may \
                         be served as they were; give the cache a namespace, or a larger `max_pending_invalidations`"
                    );
                }
                Arc::clone(key)
            }
        }
    }

    /// Publishes how many keys are owed.
    fn count(&self, books: &Books) {
        let len = books.keys.len();
        self.counters.pending_invalidations(len as u64);
        if self.len.swap(len, Ordering::AcqRel) != 0 && len == 0 {
            self.paid.notify_waiters();
        }
    }
}

impl Books {
    fn next_place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place
    }

    /// A writer has ended.
    fn leave(&mut self, name: &str) {
        if let Some(account) = self.keys.get_mut(name) {
            account.writers = account.writers.saturating_sub(1);
            self.close(name);
        }
    }

    fn owe(&mut self, name: &Arc<str>, at: Moment, own: Option<Nonce>) {
        let place = self.next_place();
        let account = self.keys.entry(Arc::clone(name)).or_default();
        match &mut account.debt {
            Some(debt) => {
                debt.at = at;
                debt.own = own.or(debt.own);
            }
            None => {
                account.debt = Some(Debt { place, at, own });
                self.order.insert(place, Arc::clone(name));
            }
        }
    }

    fn pay(&mut self, name: &str, sent: Moment) {
        let Some(account) = self.keys.get_mut(name) else { return };
        if let Some(debt) = account.debt.take_if(|debt| debt.at <= sent) {
            self.order.remove(&debt.place);
        }
        self.close(name);
    }

    /// Forgets a key of which there is nothing to know.
    fn close(&mut self, name: &str) {
        if self.keys.get(name).is_some_and(|account| account.writers == 0 && account.debt.is_none())
        {
            self.keys.remove(name);
            self.overflown &= !self.keys.is_empty();
        }
    }

    /// Gives up the oldest debt. Says whether there was one.
    fn drop_oldest(&mut self) -> bool {
        let Some((_, name)) = self.order.pop_first() else { return false };
        if let Some(account) = self.keys.get_mut(&name) {
            account.debt = None;
        }
        self.close(&name);
        true
    }

    /// Gives up every debt.
    fn forgive(&mut self) {
        while self.drop_oldest() {}
    }
}

#[cfg(test)]
mod tests;
