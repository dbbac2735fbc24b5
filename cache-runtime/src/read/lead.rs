//! A call that loads: it runs the body, and reports the outcome to the store and to those who wait.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};
use tracing::Instrument;

use super::{
    lookup::Lookup,
    reentry::{self, Keys},
    request::Request,
};
use crate::{
    codec::{self, Meta},
    entry::Entry,
    error::Error,
    expiry,
    flight::{Leadership, Mark, Permit, Shared, SharedError},
    guard::Guard,
    lease::Claim,
    policy::Policy,
    protocol::{Expected, Nonce, Reply, State, Step},
    telemetry::{About, tell},
    time::now_ms,
};

/// After a load has failed for which an expired value stands in, nobody tries again for so long.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// A call that has to run the body, with all that it owes to others. Dropping it hands the duty over.
pub(super) struct Lead<'a> {
    request: &'a Request,
    guard: &'a Arc<Guard>,
    key: Arc<str>,
    /// The tags that the entry carries.
    tags: Vec<&'a str>,
    place: Place,
    /// The moment before the load began.
    mark: Mark,
    began: Instant,
}

pub(super) enum Place {
    /// At the head of a flight; the claim, if any, is the baton: it goes to whoever leads next.
    Leading(Leadership<Claim>),
    /// After a failed flight.
    Alone { permit: Permit<Claim>, claim: Option<Claim> },
    /// In the background, or within a load of the same key: where nobody waits.
    Background(Option<Claim>),
}

impl Place {
    fn mark(&self) -> Mark {
        match self {
            Place::Leading(leadership) => leadership.mark(),
            Place::Alone { .. } | Place::Background(_) => Mark::START,
        }
    }

    fn claim(&self) -> Option<&Claim> {
        match self {
            Place::Leading(leadership) => leadership.baton.as_ref(),
            Place::Alone { claim, .. } | Place::Background(claim) => claim.as_ref(),
        }
    }

    fn take_claim(&mut self) -> Option<Claim> {
        match self {
            Place::Leading(leadership) => leadership.baton.take(),
            Place::Alone { claim, .. } | Place::Background(claim) => claim.take(),
        }
    }

    fn has_followers_before(&self, mark: Mark) -> bool {
        match self {
            Place::Leading(leadership) => leadership.has_followers_before(mark),
            Place::Alone { permit, .. } => permit.is_first(),
            Place::Background(_) => false,
        }
    }

    fn publish(self, mark: Mark, entry: Entry) {
        match self {
            Place::Leading(leadership) => leadership.publish(mark, &Shared::Value(entry)),
            Place::Alone { permit, .. } => permit.serve(entry),
            Place::Background(_) => {}
        }
    }
}

/// A loaded value, as far as others are concerned.
pub(super) enum Loaded {
    /// To be stored for so long, and shared.
    Store(Entry, Duration),
    /// To be shared only.
    Share(Entry),
    /// Of no use to anyone else.
    Keep,
    /// Cannot be shared, whoever loads it: nobody is to wait for another one's.
    Unshareable,
}

impl<'a> Lead<'a> {
    /// The load begins now.
    pub(super) fn new(lookup: &mut Lookup<'a>, place: Place) -> Self {
        let (request, guard) = (lookup.request, lookup.guard);
        let (key, tags, mark) = (lookup.shared_key(), lookup.tags(), place.mark());
        Lead { request, guard, key, tags, place, mark, began: Instant::now() }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.request.policy
    }

    /// What an event is about that concerns this load.
    fn about(&self) -> About<'_> {
        self.request.about(self.guard, &self.key)
    }

    /// Runs the body, keeping the lease alive meanwhile.
    pub(super) async fn drive<F: Future>(&self, body: F) -> F::Output {
        let keys = Keys::One(self.request.key.as_str().into());
        let body = reentry::loading(self.guard, keys, body.instrument(self.about().load()));
        match self.place.claim() {
            Some(claim) => claim.renewing(body).await,
            None => body.await,
        }
    }

    /// The body has just come to an end.
    pub(super) fn timed(&self, succeeded: bool) {
        self.request.counters.loaded(self.began.elapsed(), succeeded);
    }

    /// Encodes a value, if it is of use to anyone.
    pub(super) fn encode<T: Serialize + DeserializeOwned>(
        &self,
        stored: &T,
        ttl: Duration,
    ) -> Loaded {
        let claim = self.place.claim();
        let store = claim.is_some() && !ttl.is_zero();
        let shared = match claim {
            // Its release may prove the value good for all who are there by then.
            Some(_) => self.place.has_followers_before(self.place.mark()),
            None => self.place.has_followers_before(self.mark),
        };
        if !store && !shared {
            return Loaded::Keep;
        }
        let cost = u32::try_from(self.began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let life = expiry::life(ttl, self.policy(), now_ms());
        let tags = claim.map_or(&[][..], |claim| &claim.tags);
        let meta = Meta::new(&life, cost, tags);
        let stamp = claim.map_or(Nonce([0; 16]), Claim::stamp);
        let encoding = &self.policy().encoding;
        match codec::encode(stored, stamp, encoding, meta).and_then(codec::verified::<T>) {
            Ok(entry) if store && codec::is_too_large(&entry, encoding) => {
                tell!(debug, self.about(), "a value is larger than `max_bytes`");
                self.request.counters.too_large.add_one();
                Loaded::Share(entry)
            }
            Ok(entry) if store => Loaded::Store(entry, life.hard),
            Ok(entry) => Loaded::Share(entry),
            Err(error) => {
                tell!(warn, self.about(), %error, "a value cannot be cached");
                self.request.counters.unencodable.add_one();
                Loaded::Unshareable
            }
        }
    }

    /// Reports a value: stores it if that was asked for and nothing was written since the claim was made,
    /// and shares it as far as that proves it good. Says whether it is stored now.
    pub(super) async fn loaded(mut self, loaded: Loaded) -> bool {
        let (entry, life) = match loaded {
            Loaded::Store(entry, life) => (entry, Some(life)),
            Loaded::Share(entry) => (entry, None),
            // Leadership and claim go to whoever waits.
            Loaded::Keep => {
                self.remove_expired().await;
                return false;
            }
            Loaded::Unshareable => {
                self.remove_expired().await;
                self.end(None);
                return false;
            }
        };
        let (mark, done) = match self.place.take_claim() {
            None => (self.mark, false),
            Some(claim) => {
                let expected = claim.expected();
                let step = match life {
                    Some(life) => {
                        Step::Fill { expected, stamp: entry.stamp(), value: entry.clone(), life }
                    }
                    None => Step::Release { expected },
                };
                self.prove(claim, step).await
            }
        };
        self.place.publish(mark, entry);
        done && life.is_some()
    }

    /// Where the value was to replace an expired one, and cannot, that one has no place any more either.
    async fn remove_expired(&self) {
        if let Some(expected @ Expected::Value(_)) = self.place.claim().map(Claim::expected) {
            _ = self.guard.run(&self.key, Step::Release { expected }).await;
        }
    }

    /// Takes the step that ends the claim. If what was claimed still stood, and the tags do yet, the value
    /// is good for all who had joined when the step was sent; otherwise only for those who had when the load
    /// began. And whether the step was taken.
    async fn prove(&mut self, claim: Claim, step: Step<Entry>) -> (Mark, bool) {
        let proven = self.place.mark();
        match self.take_and_look(step, &claim.tags).await {
            Ok((Reply::Done, true)) => {
                claim.spend();
                tell!(trace, self.about(), "a load has ended its claim");
                (proven, true)
            }
            Ok((reply, _)) => {
                claim.spend();
                if reply != Reply::Done {
                    self.request.counters.superseded.add_one();
                    tell!(debug, self.about(), "a write came between a load and its fill");
                }
                (self.mark, reply == Reply::Done)
            }
            // The lease may stand yet: dropping it gives it up.
            Err(error) => {
                tell!(debug, self.about(), %error, "the cache's store failed");
                self.request.counters.store_errors.add_one();
                (self.mark, false)
            }
        }
    }

    /// Takes a step, then looks whether the tags still have the stamps from before the load, all in one
    /// round trip.
    async fn take_and_look(
        &self,
        step: Step<Entry>,
        stamps: &[Nonce],
    ) -> Result<(Reply<Entry>, bool), Error> {
        if self.tags.is_empty() {
            return Ok((self.guard.run(&self.key, step).await?, true));
        }
        let mut steps = vec![(&*self.key, step)];
        steps.extend(self.tags.iter().map(|tag| (*tag, Step::Read)));
        let mut replies = self.guard.run_many(&steps).await?.into_iter();
        let reply = replies.next().unwrap_or(Ok(Reply::Superseded))?;
        let mut unchanged = true;
        for (found, stamp) in replies.zip(stamps) {
            unchanged &= matches!(found?, Reply::Found(State::Value(now, _)) if now == *stamp);
        }
        Ok((reply, unchanged))
    }

    /// Reports a failure.
    pub(super) fn failed(self, error: Option<SharedError>) {
        self.request.counters.load_failures.add_one();
        tell!(debug, self.about(), "a load has failed");
        self.end(error);
    }

    /// Ends the flight with nothing to share but an error. The claim goes to whoever tries next, unless
    /// there is an expired value to serve.
    fn end(mut self, error: Option<SharedError>) {
        let claim = self.place.take_claim().and_then(|claim| claim.fail(PAUSE));
        match self.place {
            Place::Leading(mut leadership) => {
                leadership.baton = claim;
                leadership.fail(error);
            }
            Place::Alone { permit, .. } => permit.widen(claim),
            Place::Background(_) => {}
        }
    }
}
