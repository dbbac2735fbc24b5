//! One call's way to a value: the store, another call's load, or a load of its own.

mod flight;
mod tally;

use std::sync::Arc;

use self::tally::Tally;
use super::{
    lead::Lead,
    patience::Patience,
    reentry,
    request::Request,
    seen::{Hit, Seen, age_now, carries},
};
use crate::{
    codec, encryption,
    entry::Entry,
    error::Error,
    expiry::Age,
    flight::SharedError,
    guard::Guard,
    key,
    protocol::{Nonce, Pending, State},
    telemetry::{About, tell},
};

/// One call's way to a value.
pub(crate) struct Lookup<'a> {
    pub(super) request: &'a Request,
    pub(super) guard: &'a Arc<Guard>,
    /// Where the value is, if not under the request's key.
    beside: Option<Beside>,
    /// The key, for those who outlive this call; a hit needs none.
    shared_key: Option<Arc<str>>,
    pub(super) store: Store,
    /// A value that has expired, and may be served in need.
    stale: Option<Stale>,
    waited: bool,
    /// Runs out from when this call has begun to wait for others, whoever they are.
    patience: Option<Patience>,
    tally: Tally,
}

/// Under the key stands an entry of another layout of the value, which another version of the service reads.
/// It is left to it. This version keeps an entry of its own beside it, good for as long as that one stands:
/// to that end the key is one of its tags, and the stamp that it has is the tag's.
///
/// So a writer that fences the key ends both, and neither version stores over the other's entry.
#[derive(Clone)]
struct Beside {
    key: String,
    stamp: Nonce,
}

#[derive(Clone)]
struct Stale {
    entry: Entry,
    /// It may be served although nothing has failed, as long as somebody renews it.
    at_once: bool,
}

/// What a call has found out, for one that goes on in its place.
pub(super) struct Found {
    beside: Option<Beside>,
    store: Store,
    stale: Option<Stale>,
}

/// What this call still expects of the store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// It works.
    Usable,
    /// It holds the expired value of this stamp, which stays until it can be replaced.
    Expired(Nonce),
    /// It holds what has to go before a lease can be had: the value of a stamp, or something unreadable.
    Holding(Option<Nonce>),
    /// It was told to let go of that.
    Cleared,
    /// It failed this call once; it is not asked again, so that a call waits for one deadline at most.
    Out,
}

/// What to do next.
pub(super) enum Next<'a> {
    /// A value that this call may return.
    Value(Entry),
    /// The error of a load that this call rode.
    Failure(SharedError),
    /// The body has to run, and its outcome to be reported.
    Load(Lead<'a>),
}

impl<'a> Lookup<'a> {
    pub(crate) fn new(request: &'a Request, guard: &'a Arc<Guard>) -> Self {
        let (store, waited, tally) = (Store::Usable, false, Tally::Open);
        Lookup {
            request,
            guard,
            beside: None,
            shared_key: None,
            store,
            stale: None,
            waited,
            patience: None,
            tally,
        }
    }

    /// What this call has found out.
    pub(super) fn found_out(&self) -> Found {
        let Lookup { beside, store, stale, .. } = self;
        Found { beside: beside.clone(), store: *store, stale: stale.clone() }
    }

    /// Goes on from where another call is, which is counted by itself.
    pub(super) fn go_on(&mut self, found: Found) {
        self.tally = Tally::Another { stale: false };
        (self.beside, self.store, self.stale) = (found.beside, found.store, found.stale);
    }

    /// Where the value is.
    pub(super) fn key(&self) -> &str {
        self.beside.as_ref().map_or(&self.request.key, |beside| &beside.key)
    }

    /// The tags that the entry has to carry.
    pub(super) fn tags(&self) -> Vec<&'a str> {
        let tags = self.request.tags.iter().map(String::as_str);
        tags.chain(self.beside.as_ref().map(|_| self.request.key.as_str())).collect()
    }

    /// The stamp of the entry that this call's entry stands beside: a tag that nobody else makes.
    pub(super) fn beside(&self) -> Option<Nonce> {
        self.beside.as_ref().map(|beside| beside.stamp)
    }

    /// Looks into the store: one round trip. What a load asks for that is to replace it is not answered by it.
    pub(super) async fn look(&mut self) -> Option<Hit> {
        if self.is_within_its_load() {
            return None;
        }
        match Seen::look(self.guard, self.key(), &self.tags()).await {
            Ok(seen) => {
                let beside = self.beside();
                let hit = self.judge(seen);
                if hit.is_none() && self.beside() != beside {
                    // Only while two versions of a service run side by side.
                    return Box::pin(self.look()).await;
                }
                hit
            }
            Err(error) => {
                self.store_failed(&error);
                None
            }
        }
    }

    /// The fresh value that the store holds, if there is one; its failures are told. This is for a caller of whose
    /// type no fingerprint is known.
    pub(super) async fn peek(mut self) -> Result<Option<Entry>, Error> {
        let seen = Seen::look(self.guard, self.key(), &self.tags()).await?;
        if seen.state == State::Unreadable {
            return Err(Error::Codec("the entry is no entry of this cache".into()));
        }
        if let State::Value(_, entry) = &seen.state {
            encryption::check(entry)?;
        }
        let hit = self.judge(seen);
        if self.beside.is_some() {
            return Err(Error::Codec(codec::NO_FINGERPRINT.into()));
        }
        let fresh = hit.filter(|hit| matches!(hit.age, Age::Fresh | Age::Due));
        Ok(fresh.map(|hit| hit.entry))
    }

    /// The value that was seen, if this call may return it or may come to need it.
    pub(super) fn judge(&mut self, Seen { state, stamps }: Seen) -> Option<Hit> {
        let policy = &self.request.policy;
        let entry = match state {
            State::Value(_, entry) => entry,
            State::Pending(Pending { value, .. }) => {
                return Some(Hit { entry: value, age: Age::Fresh, pending: true });
            }
            State::Unreadable => {
                self.unreadable();
                return None;
            }
            State::Vacant | State::Leased(_) | State::Fenced(_) => return None,
        };
        // Of one that cannot be trusted, the header cannot be either.
        if let Err(error) = encryption::check(&entry) {
            self.reject(&entry, &error);
            return None;
        }
        let (age, stamp) = (age_now(&entry, policy), entry.stamp());
        if !carries(&entry, &stamps) || age == Age::Over {
            self.hold(Some(stamp));
            return None;
        }
        if !codec::fits(&entry, &policy.encoding) {
            if matches!(age, Age::Fresh | Age::Due) && self.beside.is_none() {
                let key = beside_key(&self.request.key, policy.encoding.fingerprint);
                self.beside = Some(Beside { key, stamp });
            } else {
                self.hold(Some(stamp));
            }
            return None;
        }
        if matches!(age, Age::Revalidate | Age::Fallback) {
            self.store = Store::Expired(stamp);
            self.stale = Some(Stale { entry: entry.clone(), at_once: age == Age::Revalidate });
        }
        Some(Hit { entry, age, pending: false })
    }

    /// What an event is about that concerns this call.
    pub(super) fn about(&self) -> About<'_> {
        self.request.about(self.guard, self.key())
    }

    /// Whether the value of this stamp still stands, with its tags.
    pub(super) async fn stands(&self, stamp: Nonce) -> bool {
        let seen = Seen::look(self.guard, self.key(), &self.tags()).await;
        seen.ok().and_then(Seen::good).is_some_and(|entry| entry.stamp() == stamp)
    }

    /// Notes that an entry is of another codec or type: it is a miss, and will be overwritten.
    pub(super) fn reject(&mut self, entry: &Entry, error: &Error) {
        tell!(warn, self.about(), %error, "a cached entry cannot be decoded");
        self.request.counters.undecodable.add_one();
        self.hold(Some(entry.stamp()));
    }

    /// Notes that the key holds what no cache wrote, likewise.
    fn unreadable(&mut self) {
        tell!(warn, self.about(), "a cache key holds what is no entry");
        self.request.counters.undecodable.add_one();
        self.hold(None);
    }

    /// Somebody who puts back what we removed (another version of the service, say) is not fought: the
    /// second time, this call leaves the store alone.
    fn hold(&mut self, value: Option<Nonce>) {
        self.stale = None;
        self.store = match self.store {
            Store::Usable | Store::Expired(_) => Store::Holding(value),
            Store::Holding(_) | Store::Cleared | Store::Out => Store::Out,
        };
    }

    pub(super) fn store_failed(&mut self, error: &Error) {
        tell!(debug, self.about(), %error, "the cache's store failed");
        self.request.counters.store_errors.add_one();
        self.store = Store::Out;
    }

    /// The expired value was written over, or invalidated: it may not be served any more.
    pub(super) fn forget_stale(&mut self) {
        self.stale = None;
        self.store = Store::Usable;
    }

    /// The value to fall back on where a load has failed.
    pub(super) fn fall_back(&mut self) -> Option<Entry> {
        let stale = self.stale.take()?;
        self.served_stale();
        Some(stale.entry)
    }

    /// The value to serve while somebody else renews it.
    fn stale_at_once(&mut self) -> Option<Entry> {
        self.stale.as_ref().is_some_and(|stale| stale.at_once).then(|| self.fall_back())?
    }

    pub(super) fn shared_key(&mut self) -> Arc<str> {
        if self.shared_key.as_deref() != Some(self.key()) {
            self.shared_key = Some(self.key().into());
        }
        self.shared_key.clone().unwrap_or_default()
    }

    /// Whether this task is loading what is asked for. By the request's key, wherever the entry is: that may be
    /// decided anew with each call.
    fn is_within_its_load(&self) -> bool {
        reentry::is_loading(self.guard, &self.request.key)
    }
}

/// The key of an entry of the layout of this `fingerprint`, where one of another layout stands under `key`.
pub(super) fn beside_key(key: &str, fingerprint: u64) -> String {
    key::beside(key, &format!("{fingerprint:016x}"))
}
