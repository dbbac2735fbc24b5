//! The copies, by key, and what takes them away: the server's word, a step of this process, a lost connection, and others that
//! need the room.
//!
//! A read that is to leave a copy draws a ticket before it is sent: the counter of its key's stripe. Whatever takes a copy
//! away moves the counter. So a copy is only kept if nothing came between, and an invalidation that arrives between a reply
//! and its insertion is never lost.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use quick_cache::{Lifecycle, OptionsBuilder, Weighter, sync::Cache};
use redis::{PushInfo, PushKind, Value};

use super::{agreement::Agreement, settings::LocalSettings, tracked::Tracked};
use crate::{boot_clock::Time, entry::Entry, stats::StoreCounters};

/// So many that a key rarely shares its stripe with another one that is written at the same time.
const STRIPES: usize = 1024;

/// What a copy takes besides its key and its value, decoded and not.
const OVERHEAD: u64 = 320;

/// A shard has room for at least so much.
const SHARD_BYTES: u64 = 8 << 20;

/// What is kept of a key.
pub(in crate::store::redis) struct Copy {
    pub(in crate::store::redis) entry: Entry,
    /// The connection that it was read over.
    pub(in crate::store::redis) tracked: Arc<Tracked>,
    /// When it was read.
    pub(in crate::store::redis) since: Time,
    /// When the server's own ends, or before.
    pub(in crate::store::redis) ends: Time,
    /// Whether it has been taken away since somebody took it from the map.
    gone: AtomicBool,
}

impl Copy {
    pub(in crate::store::redis) fn new(
        entry: Entry,
        tracked: Arc<Tracked>,
        since: Time,
        ends: Time,
    ) -> Copy {
        Copy { entry, tracked, since, ends, gone: AtomicBool::new(false) }
    }

    /// Whether it may be served at `now`, which was read before it was looked up.
    ///
    /// The lease comes first: a thread that is held up in between could find one that was renewed behind the invalidation that
    /// has taken this copy away.
    fn holds(&self, now: Time) -> bool {
        self.tracked.holds(now) && !self.gone.load(Acquire)
    }

    /// The entry, where it may be served at `now`, which was read before it was looked up.
    pub(in crate::store::redis) fn served(&self, now: Time) -> Option<Entry> {
        self.holds(now).then(|| self.entry.clone().local())
    }

    fn take_away(&self) {
        self.gone.store(true, Release);
    }
}

/// All copies of this process.
pub(in crate::store::redis) struct Copies {
    settings: LocalSettings,
    /// Made when the first function asks for copies.
    kept: OnceLock<Kept>,
    stripes: Box<[Mutex<Stripe>]>,
    hasher: RandomState,
    switched_on: AtomicBool,
    warned: AtomicBool,
    pub(in crate::store::redis) agreement: Agreement,
    counters: Arc<StoreCounters>,
}

type Kept = Cache<Arc<str>, Arc<Copy>, Weight, RandomState, Evicted>;

/// Counts the copies that make room for others.
#[derive(Clone)]
struct Evicted(Arc<StoreCounters>);

impl Lifecycle<Arc<str>, Arc<Copy>> for Evicted {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: Arc<str>, copy: Arc<Copy>) {
        copy.take_away();
        self.0.copies_evicted.add_one();
    }
}

#[derive(Default)]
struct Stripe {
    /// Moves with everything that takes copies away.
    counter: u64,
    /// Steps of this process that are under way.
    writers: u32,
}

/// What a read draws before it is sent.
#[derive(Clone, Copy)]
pub(in crate::store::redis) struct Ticket(Option<u64>);

#[derive(Clone)]
struct Weight;

impl Weighter<Arc<str>, Arc<Copy>> for Weight {
    fn weight(&self, key: &Arc<str>, copy: &Arc<Copy>) -> u64 {
        // What it is decoded to takes about as much as its encoding.
        (key.len() + 2 * copy.entry.bytes().len()) as u64 + OVERHEAD
    }
}

impl Copies {
    pub(in crate::store::redis) fn new(
        settings: LocalSettings,
        agreement_key: Box<str>,
        counters: Arc<StoreCounters>,
    ) -> Copies {
        Copies {
            settings,
            kept: OnceLock::new(),
            stripes: (0..STRIPES).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            switched_on: AtomicBool::new(settings.enabled),
            warned: AtomicBool::new(false),
            agreement: Agreement::new(agreement_key, &settings),
            counters,
        }
    }

    pub(in crate::store::redis) fn settings(&self) -> &LocalSettings {
        &self.settings
    }

    /// Whether copies are wanted.
    pub(in crate::store::redis) fn are_on(&self) -> bool {
        self.switched_on.load(Relaxed)
    }

    /// How long a writer has to wait after a step, until no process can serve a copy from before it.
    pub(in crate::store::redis) fn wait(&self) -> Option<Duration> {
        let ours = self.settings.strict.then_some(self.settings.lease);
        let lease = ours.max(self.agreement.others_lease())?;
        Some(LocalSettings::wait_for(lease))
    }

    /// Keeps copies from now on, or none.
    pub(in crate::store::redis) fn switch(&self, on: bool) {
        self.switched_on.store(on, Relaxed);
        if !on {
            self.flush();
        }
    }

    /// The copy of `key`, if nothing is known that ends it, whether its lease stands or not.
    pub(in crate::store::redis) fn get(
        &self,
        key: &str,
        most: Duration,
        now: Time,
    ) -> Option<Arc<Copy>> {
        let copy = self.kept.get()?.get(key)?;
        let good = copy.tracked.is_alive() && now < copy.ends && now.since(copy.since) < most;
        (good && self.are_on() && self.agreement.stands(now)).then_some(copy)
    }

    /// A ticket for a read of `key` that is about to be sent.
    pub(in crate::store::redis) fn ticket(&self, key: &str) -> Ticket {
        let stripe = self.stripe(key);
        Ticket((stripe.writers == 0).then_some(stripe.counter))
    }

    /// Keeps a copy, unless something has come between.
    pub(in crate::store::redis) fn insert(&self, key: &str, copy: Copy, Ticket(drawn): Ticket) {
        let kept = self.kept.get_or_init(|| kept(self.settings.capacity, &self.counters));
        let stripe = self.stripe(key);
        if drawn == Some(stripe.counter)
            && stripe.writers == 0
            && copy.tracked.is_alive()
            && self.are_on()
            && self.agreement.stands(copy.since)
        {
            if let Some(old) = kept.peek(key) {
                old.take_away();
            }
            kept.insert(key.into(), Arc::new(copy));
        }
    }

    /// This process is about to send a step on `key`. Until that is over, no copy is kept.
    pub(in crate::store::redis) fn write<'a>(&'a self, key: &'a str) -> Writing<'a> {
        let mut stripe = self.stripe(key);
        stripe.writers += 1;
        self.take_away(&mut stripe, key);
        drop(stripe);
        Writing { copies: self, key }
    }

    /// What a server has pushed, or its connection is lost.
    pub(in crate::store::redis) fn pushed(&self, tracked: &Tracked, push: &PushInfo) {
        match (&push.kind, push.data.first()) {
            (PushKind::Invalidate, Some(Value::Array(keys))) => {
                for key in keys {
                    match key {
                        Value::BulkString(key) => self.invalidated(key),
                        Value::SimpleString(key) => self.invalidated(key.as_bytes()),
                        _ => self.flush(),
                    }
                }
            }
            // All keys.
            (PushKind::Invalidate, _) => self.flush(),
            (PushKind::Disconnection, _) => tracked.end(),
            _ => {}
        }
    }

    fn invalidated(&self, key: &[u8]) {
        self.counters.copies_invalidated.add_one();
        // No key of ours is anything else.
        if let Ok(key) = std::str::from_utf8(key) {
            self.take_away(&mut self.stripe(key), key);
        }
    }

    /// Takes all copies away.
    pub(in crate::store::redis) fn flush(&self) {
        for stripe in &self.stripes {
            lock(stripe).counter += 1;
        }
        if let Some(kept) = self.kept.get() {
            kept.retain(|_, copy| {
                copy.take_away();
                false
            });
        }
    }

    /// The server, or the account, does not allow for copies.
    pub(in crate::store::redis) fn cannot_be_kept(&self, reason: &str) {
        if !self.warned.swap(true, Relaxed) {
            tracing::warn!(
                reason,
                "the cache's server does not tell when keys change, so there are no local copies, and each hit costs a round \
                 trip: the account needs `+hello +client|tracking +client|caching`, and a proxy has to know them"
            );
        }
    }

    /// Gives the room of copies back whose connections are lost.
    pub(in crate::store::redis) fn sweep(&self) {
        if let Some(kept) = self.kept.get() {
            kept.retain(|_, copy| copy.tracked.is_alive());
        }
    }

    fn take_away(&self, stripe: &mut Stripe, key: &str) {
        stripe.counter += 1;
        if let Some((_, copy)) = self.kept.get().and_then(|kept| kept.remove(key)) {
            copy.take_away();
        }
    }

    fn stripe(&self, key: &str) -> MutexGuard<'_, Stripe> {
        lock(&self.stripes[self.hasher.hash_one(key) as usize % STRIPES])
    }

    /// A lease has lapsed, so a caller waits for its renewal.
    pub(in crate::store::redis) fn lapsed(&self) {
        self.counters.lapsed_leases.add_one();
    }

    /// How many copies there are, and their bytes.
    pub(in crate::store::redis) fn size(&self) -> (u64, u64) {
        self.kept.get().map_or((0, 0), |kept| (kept.len() as u64, kept.weight()))
    }
}

/// A step of this process is under way. Its end, or its caller's, takes away what was read meanwhile.
pub(in crate::store::redis) struct Writing<'a> {
    copies: &'a Copies,
    key: &'a str,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        let mut stripe = self.copies.stripe(self.key);
        stripe.writers -= 1;
        self.copies.take_away(&mut stripe, self.key);
    }
}

/// Each change is whole before anything can panic.
fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kept(capacity: u64, counters: &Arc<StoreCounters>) -> Kept {
    let shards = (capacity / SHARD_BYTES).clamp(1, 64);
    // They are made a power of two, and must not be made more.
    let shards = 1_usize << shards.ilog2();
    let items = usize::try_from(capacity / 4096).unwrap_or(usize::MAX).max(32 * shards);
    let options = OptionsBuilder::new()
        .shards(shards)
        .weight_capacity(capacity)
        .estimated_items_capacity(items)
        .build();
    let options = options.expect("both capacities are set");
    Cache::with_options(options, Weight, RandomState::new(), Evicted(Arc::clone(counters)))
}

/// When a copy ends that was read by a command sent at `sent`, of which the server says `ttl`, in milliseconds. None where there
/// is nothing to keep.
pub(in crate::store::redis) fn end(sent: Time, ttl: i64) -> Option<Time> {
    match ttl {
        -1 => Some(Time::FOREVER),
        _ => {
            Some(sent.plus(Duration::from_millis(u64::try_from(ttl).ok().filter(|&ttl| ttl > 0)?)))
        }
    }
}

#[cfg(test)]
mod tests;
