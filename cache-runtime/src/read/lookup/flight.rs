//! One call and the others of its process: it joins their flight, or leads it to a lease, a value, or a load.

use std::sync::Arc;

use super::{Lookup, Next};
use crate::{
    flight::{Entered, Gate, Joined, Leadership, Shared, Signal},
    lease::Claim,
    read::{
        acquire::Acquired,
        lead::{Lead, Place},
        patience::Patience,
    },
};

impl<'a> Lookup<'a> {
    /// Joins the flight of this key, and takes what it gives or leads it.
    pub(in crate::read) async fn next(&mut self) -> Next<'a> {
        if self.is_within_its_load() {
            return self.load(Place::Background(None));
        }
        let key = self.shared_key();
        self.patience.get_or_insert_with(|| Patience::new(&self.request.policy));
        let receiver = match self.request.inner.flights.join(&key) {
            Joined::Leading(leadership) => return self.lead(leadership).await,
            Joined::Following(receiver) => receiver,
        };
        if let Some(stale) = self.stale_at_once() {
            return Next::Value(stale);
        }
        match receiver.await {
            Ok(Signal::Shared(Shared::Value(entry))) => {
                self.shared();
                Next::Value(entry)
            }
            Ok(Signal::Shared(Shared::Failure(error))) => match self.fall_back() {
                Some(stale) => Next::Value(stale),
                None => {
                    self.shared();
                    Next::Failure(error)
                }
            },
            Ok(Signal::Lead(leadership)) => self.lead(leadership).await,
            Ok(Signal::Alone(gate)) => match self.fall_back() {
                Some(stale) => Next::Value(stale),
                None => self.alone(gate).await,
            },
            // A leader signals everyone before it goes. Were one forgotten, it would load for itself.
            Err(_) => self.alone(Gate::open(None)).await,
        }
    }

    /// As leader: gets a lease, or a value, or leave to load without storing.
    async fn lead(&mut self, mut leadership: Leadership<Claim>) -> Next<'a> {
        if leadership.baton.is_some() {
            return self.load(Place::Leading(leadership));
        }
        let policy = &self.request.policy;
        let patience = *self.patience.get_or_insert_with(|| Patience::new(policy));
        let mut waiting = None;
        loop {
            let mark = leadership.mark();
            match self.acquire().await {
                Acquired::Claim(claim) => {
                    leadership.baton = Some(claim);
                    return self.load(Place::Leading(leadership));
                }
                Acquired::Value(entry) => {
                    leadership.publish(mark, &Shared::Value(entry.clone()));
                    return Next::Value(entry);
                }
                Acquired::Failing => match self.fall_back() {
                    Some(stale) => {
                        // Those who wait have a value like it, or ask for themselves.
                        leadership.fail(None);
                        return Next::Value(stale);
                    }
                    None => return self.load(Place::Leading(leadership)),
                },
                Acquired::Leased => {
                    if let Some(stale) = self.stale_at_once() {
                        return Next::Value(stale);
                    }
                    if !self.request.policy.lock {
                        return self.load(Place::Leading(leadership));
                    }
                    waiting = waiting.or_else(|| self.wait());
                    if !patience.pause().await {
                        return self.load(Place::Leading(leadership));
                    }
                }
                Acquired::Nothing => return self.load(Place::Leading(leadership)),
            }
        }
    }

    /// As one of a failed load's followers: tries for itself, when the gate lets it.
    async fn alone(&mut self, gate: Arc<Gate<Claim>>) -> Next<'a> {
        let (permit, mut claim) = match gate.enter().await {
            Entered::Try(permit, claim) => (permit, claim),
            Entered::Value(entry) => {
                self.shared();
                return Next::Value(entry);
            }
        };
        if claim.is_none() {
            match self.acquire().await {
                Acquired::Value(entry) => return Next::Value(entry),
                Acquired::Claim(acquired) => claim = Some(acquired),
                Acquired::Leased | Acquired::Failing | Acquired::Nothing => {}
            }
        }
        self.load(Place::Alone { permit, claim })
    }

    fn load(&mut self, place: Place) -> Next<'a> {
        self.request.counters.loads.add_one();
        Next::Load(Lead::new(self, place))
    }
}
