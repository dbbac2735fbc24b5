//! One call of a cached function, for one key or for many: what it knows, and its way to a value.
//!
//! The engine does not know the function. It asks its driver to decode what it has found and to run the load
//! ([`Ask`]); everything else it does itself, on bytes, compiled once for all functions.

use std::{mem, sync::Arc, time::Duration};

use super::{
    began::Began,
    decision::Decided,
    key_state::{Judge, KeyState, Unusable, Want},
    keys::Keys,
    load_role::LoadRole,
    named_tags::NamedTags,
    outcome::Outcome,
    patience::Patience,
    reentry,
    request::Request,
    snapshot::Hit,
};
use crate::{
    active_refreshes::ActiveRefresh,
    entry::Entry,
    error::Error,
    expiry::{Age, store_ttl},
    flight::{Mark, SharedError},
    lease::Claims,
    protocol::Nonce,
    shared::WrapBackground,
    stats::{LockWait, NotStored},
    telemetry::{About, tell},
};

/// What the engine asks of its driver.
pub(super) enum Ask {
    /// To decode the values that were found.
    Decode,
    /// To run the load.
    Load,
    /// To settle what was loaded.
    Settle,
    /// To return the error of another call's load.
    Fail(SharedError),
    /// To return the values that the function holds.
    Return,
}

/// One call.
pub(crate) struct Engine {
    pub(super) request: Request,
    pub(super) keys: Keys,
    /// The right to fill some of the keys.
    pub(super) claims: Claims,
    /// The versions that the tags had when they were last looked at.
    pub(super) tags: Vec<Option<Nonce>>,
    /// Those of tags that values name, where there are any.
    pub(super) named_tags: Option<Box<NamedTags>>,
    /// Whether the store has failed. It is not asked again, so that a call waits for one deadline at most.
    out: bool,
    pub(super) first_look: FirstLook,
    pub(super) patience: Option<Patience>,
    /// While it waits for other processes' loads.
    pub(super) waiting: Option<LockWait>,
    /// Whether it has waited for one: a call is counted once.
    waited: bool,
    pub(super) role: LoadRole,
    /// The keys whose values the load is to bring, in order.
    pub(super) asked: Vec<usize>,
    /// What closures say of the loaded values of these.
    pub(super) decided: Vec<(usize, Option<Decided>)>,
    /// When the load began, and who had called by then.
    pub(super) began: Option<Began>,
    pub(super) mark: Mark,
    /// Whether no caller waits for its end: it goes on in a task.
    pub(super) detached: bool,
    /// Whether an expired value may stand in for a load that fails.
    pub(super) falls_back: bool,
    /// Whether the load has failed.
    pub(super) has_failed: bool,
    /// Whether what was loaded is stored now.
    pub(super) stored: bool,
    /// Keeps this process from renewing the same keys again meanwhile.
    pub(super) renewals: Vec<ActiveRefresh>,
}

/// What is to become of what the first look finds, besides being served.
#[derive(Default)]
pub(super) struct FirstLook {
    pub(super) over: bool,
    /// Whether what is missing has been dealt with once.
    pub(super) used: bool,
    /// Whether the call can renew in the background what it serves.
    pub(super) renews: bool,
    /// The keys whose values are to be renewed.
    pub(super) due: Vec<(usize, Entry)>,
    /// The keys whose values, by their stamps, are compared with their source.
    pub(super) audited: Vec<(usize, Nonce)>,
}

impl Engine {
    /// A call for `keys`, of which no two are equal.
    pub(super) fn new(request: Request, keys: Keys, renews: bool) -> Engine {
        Engine {
            claims: Claims::none(&request.guard, request.policy.lease).of_batch(keys.len() > 1),
            request,
            keys,
            tags: Vec::new(),
            named_tags: None,
            out: false,
            first_look: FirstLook { renews, ..FirstLook::default() },
            patience: None,
            waiting: None,
            waited: false,
            role: LoadRole::Background,
            asked: Vec::new(),
            decided: Vec::new(),
            began: None,
            mark: Mark::START,
            detached: false,
            falls_back: true,
            has_failed: false,
            stored: false,
            renewals: Vec::new(),
        }
    }

    /// A call that goes on with some of this one's keys in the background.
    pub(super) fn handed_on(&self, keys: Vec<KeyState>) -> Engine {
        let keys = if self.is_single() { Keys::one_of(keys) } else { Keys::Many(keys) };
        let mut engine = Engine::new(self.request.clone(), keys, false);
        engine.first_look.over = true;
        engine.first_look.used = true;
        engine.detached = true;
        engine
    }

    /// Whether the call is for one key, whose load it shares with others of its process. What overlaps of two batches is
    /// not known before both have looked, so their leases decide.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.keys, Keys::One(_))
    }

    pub(super) fn is_out(&self) -> bool {
        self.out
    }

    /// The index of the only key.
    pub(super) fn only(&mut self) -> &mut KeyState {
        &mut self.keys[0]
    }

    /// What a load asks for that is to replace it is not answered by the cache.
    pub(super) fn skip_own_loads(&mut self) {
        for state in &mut self.keys[..] {
            if reentry::is_loading(&self.request.guard, state.own_key()) {
                state.not_storable(NotStored::Nested);
            }
        }
    }

    /// What its load is wrapped in if it goes on in the background.
    pub(super) fn wrap_background(&self) -> Option<WrapBackground> {
        self.request.inner.wrap_background.clone()
    }

    /// By what states are judged now.
    pub(super) fn judge(&mut self) -> (&mut [KeyState], Judge<'_>) {
        let renews = self.first_look.renews && !self.first_look.over;
        let judge = Judge {
            policy: &self.request.policy,
            tags: &self.tags,
            named: self.named_tags.as_deref(),
            renews,
            clock: self.request.guard.clock(),
        };
        (&mut self.keys, judge)
    }

    /// How long the store keeps what a load is about to bring, as far as is known.
    pub(super) fn life(&self) -> Duration {
        let policy = &self.request.policy;
        store_ttl(policy.ttl.max(policy.negative_ttl.unwrap_or_default()), policy)
    }

    /// Whether some key wants this.
    pub(super) fn some_want(&self, want: Want) -> bool {
        self.keys.iter().any(|state| state.want() == want)
    }

    /// Whether every key that is missing wants this.
    pub(super) fn all_missing_want(&self, want: Want) -> bool {
        self.keys.iter().all(|state| state.is_answered() || state.want() == want)
    }

    /// The keys that the caller has no value of.
    pub(super) fn missing(&self) -> Vec<usize> {
        (0..self.keys.len()).filter(|&at| !self.keys[at].is_answered()).collect()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.keys.iter().all(KeyState::is_answered)
    }

    /// A value that was found has been decoded.
    pub(super) fn answered(&mut self, at: usize, hit: Hit) {
        if hit.entry.is_local() && !self.keys[at].is_stale() {
            self.request.counters.local_hits.add_one();
        }
        let outcome = self.keys[at].answered(&hit);
        self.count(at, outcome);
        if self.first_look.over {
            return;
        }
        if self.first_look.renews && matches!(hit.age, Age::Due | Age::Revalidate) {
            self.first_look.due.push((at, hit.entry));
        } else if hit.is_audited(&self.request.policy) {
            self.first_look.audited.push((at, hit.entry.stamp()));
        }
    }

    /// Counts the keys that the first look has not found.
    pub(super) fn missed(&mut self) {
        self.first_look.over = true;
        for at in 0..self.keys.len() {
            if !self.keys[at].is_answered() {
                let outcome = self.keys[at].missed();
                self.count(at, outcome);
            }
        }
    }

    pub(super) fn count(&self, at: usize, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        let counters = &self.request.counters;
        let about = self.about(at);
        match outcome {
            Outcome::Hit => {
                counters.hits.add_one();
                tell!(trace, about, outcome = "hit", "a call was answered by the cache");
            }
            Outcome::NegativeHit => {
                counters.negative_hits.add_one();
                tell!(trace, about, outcome = "negative_hit", "a call was answered by the cache");
            }
            Outcome::StaleHit => {
                counters.stale_hits.add_one();
                tell!(debug, about, outcome = "stale_hit", "an expired value stands in");
            }
            Outcome::Miss => {
                counters.misses.add_one();
                tell!(trace, about, outcome = "miss", "the cache has nothing for a call");
            }
        }
    }

    /// Counts a call that is answered by another one's load.
    pub(super) fn count_coalesced(&self) {
        self.request.counters.coalesced.add_one();
        tell!(trace, self.about(0), "a call was answered by another call's load");
    }

    /// The subject of an event that concerns a key.
    pub(super) fn about(&self, at: usize) -> About<'_> {
        self.request.about(Some(self.keys[at].key()))
    }

    /// The subject of an event that concerns the whole call.
    pub(super) fn about_call(&self) -> About<'_> {
        self.request.about(self.is_single().then(|| self.keys[0].key()))
    }

    /// An entry of another codec or type is a miss, and will be replaced.
    pub(super) fn reject(&mut self, at: usize, entry: &Entry, error: Error) {
        self.keys[at].reject(entry.stamp());
        self.note(at, Some(Unusable::Refused(error)));
    }

    /// Counts an entry that cannot be read.
    pub(super) fn note(&self, at: usize, unusable: Option<Unusable>) {
        match unusable {
            None => return,
            Some(Unusable::Foreign) => {
                tell!(warn, self.about(at), "a cache key holds what is no entry");
            }
            Some(Unusable::Refused(error)) => {
                tell!(warn, self.about(at), %error, "a cached entry cannot be decoded");
            }
        }
        self.request.counters.undecodable.add_one();
    }

    /// Counts a loaded value that is not stored.
    pub(super) fn not_stored(&self, at: usize, why: NotStored) {
        self.request.counters.not_stored(self.about(at), why);
    }

    pub(super) fn count_error(&self, error: &Error) {
        tell!(debug, self.about_call(), %error, "the cache's store failed");
        self.request.counters.store_errors.add_one();
    }

    /// What the store has said of one key, or nothing where that failed, which is counted.
    pub(super) fn counted<T>(&self, said: Result<T, Error>) -> Option<T> {
        said.inspect_err(|error| self.count_error(error)).ok()
    }

    pub(super) fn store_failed(&mut self, error: &Error) {
        self.count_error(error);
        self.out = true;
        self.close(NotStored::Unavailable);
    }

    /// Nothing that is missing can be stored.
    pub(super) fn close(&mut self, why: NotStored) {
        self.claims.release();
        self.keys.iter_mut().for_each(|state| state.not_storable(why));
    }

    /// Begins to wait for another process's load.
    pub(super) fn wait(&mut self) {
        if !mem::replace(&mut self.waited, true) {
            self.waiting = Some(self.request.counters.wait());
        }
    }

    /// How much longer this call may wait for others, whoever they are.
    pub(super) fn patience(&mut self) -> Patience {
        *self.patience.get_or_insert_with(|| Patience::new(&self.request.policy))
    }

    /// The keys of a load of `asked`, for calls within it.
    pub(super) fn loading_keys(&self) -> reentry::Keys {
        match self.is_single() {
            true => reentry::Keys::One(self.keys[0].own_key().into()),
            false => {
                let own = self.asked.iter().map(|&at| Arc::from(self.keys[at].own_key()));
                reentry::Keys::many(own.collect())
            }
        }
    }
}

impl Drop for Engine {
    /// Whoever leads next goes on with the leases of this call.
    fn drop(&mut self) {
        let holds = self.keys.iter().any(|state| state.lease().is_some());
        if holds && let LoadRole::Leading(leadership) = &mut self.role {
            leadership.baton = self.claims.take();
        }
        for at in 0..self.keys.len() {
            let outcome = self.keys[at].ended();
            self.count(at, outcome);
        }
    }
}
