//! A call that loads: it runs the body, and reports the outcome to the store and to those who wait.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};

use super::reentry;
use crate::{
    codec,
    entry::Entry,
    flight::{Leadership, Mark, Permit, Shared, SharedError},
    guard::Guard,
    lease::Lease,
    policy::Policy,
    protocol::{Expected, Nonce, Reply, Step},
    stats::Counters,
};

/// A call that has to run the body, with all that it owes to others. Dropping it hands the duty over.
pub(super) struct Lead<'a> {
    guard: &'a Arc<Guard>,
    counters: &'a Counters,
    policy: &'a Policy,
    key: Arc<str>,
    place: Place,
    /// The moment before the load began.
    mark: Mark,
    began: Instant,
}

pub(super) enum Place {
    /// At the head of a flight; the lease, if any, is the baton: it goes to whoever leads next.
    Leading(Leadership<Lease>),
    /// After a failed flight.
    Alone { permit: Permit<Lease>, lease: Option<Lease> },
}

impl Place {
    fn mark(&self) -> Mark {
        match self {
            Place::Leading(leadership) => leadership.mark(),
            Place::Alone { .. } => Mark::START,
        }
    }

    fn lease(&self) -> Option<&Lease> {
        match self {
            Place::Leading(leadership) => leadership.baton.as_ref(),
            Place::Alone { lease, .. } => lease.as_ref(),
        }
    }

    fn take_lease(&mut self) -> Option<Lease> {
        match self {
            Place::Leading(leadership) => leadership.baton.take(),
            Place::Alone { lease, .. } => lease.take(),
        }
    }

    fn has_followers_before(&self, mark: Mark) -> bool {
        match self {
            Place::Leading(leadership) => leadership.has_followers_before(mark),
            Place::Alone { permit, .. } => permit.is_first(),
        }
    }

    fn publish(self, mark: Mark, entry: Entry) {
        match self {
            Place::Leading(leadership) => leadership.publish(mark, &Shared::Value(entry)),
            Place::Alone { permit, .. } => permit.serve(entry),
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
    pub(super) fn new(
        guard: &'a Arc<Guard>,
        counters: &'a Counters,
        policy: &'a Policy,
        key: Arc<str>,
        place: Place,
    ) -> Self {
        let mark = place.mark();
        Lead { guard, counters, policy, key, place, mark, began: Instant::now() }
    }

    pub(super) fn policy(&self) -> &Policy {
        self.policy
    }

    /// Runs the body, keeping the lease alive meanwhile.
    pub(super) async fn drive<F: Future>(&self, body: F) -> F::Output {
        let body = reentry::loading(self.guard, &self.key, body);
        match self.place.lease() {
            Some(lease) => lease.renewing(body).await,
            None => body.await,
        }
    }

    /// Encodes a value, if it is of use to anyone.
    pub(super) fn encode<T: Serialize + DeserializeOwned>(
        &self,
        stored: &T,
        ttl: Duration,
    ) -> Loaded {
        let lease = self.place.lease();
        let store = lease.is_some() && !ttl.is_zero();
        let shared = match lease {
            // Its release may prove the value good for all who are there by then.
            Some(_) => self.place.has_followers_before(self.place.mark()),
            None => self.place.has_followers_before(self.mark),
        };
        if !store && !shared {
            return Loaded::Keep;
        }
        let cost = u32::try_from(self.began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let stamp = lease.map_or(Nonce([0; 16]), Lease::token);
        match codec::encode(
            stored,
            stamp,
            &self.policy.encoding,
            codec::Meta { cost, ..Default::default() },
        )
        .and_then(codec::verified::<T>)
        {
            Ok(entry) if store => Loaded::Store(entry, ttl),
            Ok(entry) => Loaded::Share(entry),
            Err(error) => {
                tracing::warn!(key = &*self.key, %error, "a value cannot be cached");
                self.counters.unencodable.add_one();
                Loaded::Unshareable
            }
        }
    }

    /// Reports a value: stores it if that was asked for and nothing was written since the lease was taken,
    /// and shares it as far as that proves it good.
    pub(super) async fn loaded(mut self, loaded: Loaded) {
        let (entry, life) = match loaded {
            Loaded::Store(entry, life) => (entry, Some(life)),
            Loaded::Share(entry) => (entry, None),
            // Leadership and lease go to whoever waits.
            Loaded::Keep => return,
            Loaded::Unshareable => return self.end(None),
        };
        let mark = match self.place.take_lease() {
            None => self.mark,
            Some(lease) => {
                let expected = Expected::Lease(lease.token());
                let step = match life {
                    Some(life) => {
                        Step::Fill { expected, stamp: entry.stamp(), value: entry.clone(), life }
                    }
                    None => Step::Release { expected },
                };
                self.prove(lease, step).await
            }
        };
        self.place.publish(mark, entry);
    }

    /// Takes the step that ends the lease. If the lease still stood, the value is good for all who had
    /// joined when the step was sent; otherwise only for those who had when the load began.
    async fn prove(&mut self, lease: Lease, step: Step<Entry>) -> Mark {
        let proven = self.place.mark();
        match self.guard.run(&self.key, step).await {
            Ok(Reply::Done) => {
                lease.spend();
                proven
            }
            Ok(_) => {
                lease.spend();
                self.counters.superseded.add_one();
                self.mark
            }
            // The lease may stand yet: dropping it gives it up.
            Err(error) => {
                tracing::debug!(key = &*self.key, %error, "the cache's store failed");
                self.counters.store_errors.add_one();
                self.mark
            }
        }
    }

    /// Reports a failure.
    pub(super) fn failed(self, error: Option<SharedError>) {
        self.counters.load_failures.add_one();
        self.end(error);
    }

    /// Ends the flight with nothing to share but an error. The lease goes to whoever tries next.
    fn end(self, error: Option<SharedError>) {
        match self.place {
            Place::Leading(leadership) => leadership.fail(error),
            Place::Alone { permit, lease } => permit.widen(lease),
        }
    }
}
