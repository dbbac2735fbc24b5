//! What a call does for the keys that its first look has not found: it joins another call's load, gets leases, waits
//! for other processes, or loads.

use std::{mem, sync::Arc};

use tokio::sync::oneshot::error::RecvError;

use super::{
    engine::{Ask, Engine},
    key_state::{KeyState, Want},
    load_role::LoadRole,
    reentry,
};
use crate::{
    expiry::Age,
    flight::{Caller, Entered, Follower, Gate, Joined, Leadership, Shared, Signal, TakenOver},
    lease::{Claims, Which},
    stats::NotStored,
    time,
};

impl Engine {
    /// Gets values, or leases, or leave to load without storing.
    pub(super) async fn next(mut self) -> (Engine, Ask) {
        let ask = match self.is_single() {
            true => self.join().await,
            false => self.obtain().await,
        };
        (self, ask)
    }

    /// Joins the flight of the key, and takes what it gives or leads it.
    async fn join(&mut self) -> Ask {
        if reentry::is_loading(&self.request.guard, self.keys[0].own_key()) {
            self.role = LoadRole::Background;
            self.only().not_storable(NotStored::Nested);
            return Ask::Load;
        }
        self.patience();
        let key = self.only().share_key();
        let follower = match self.request.inner.flights.join(&key, reentry::caller()) {
            Joined::Leading(leadership) => return self.lead(leadership).await,
            Joined::Following(follower) => Some(follower),
            Joined::Apart => None,
        };
        if self.only().may_serve_at_once() {
            self.only().fall_back();
            return Ask::Decode;
        }
        let Some(follower) = follower else { return self.alone(Gate::open(None)).await };
        match self.follow(&key, follower).await {
            Ok(Signal::Shared(Shared::Value(entry))) => {
                self.count_coalesced();
                self.only().shared(entry);
                Ask::Decode
            }
            Ok(Signal::Shared(Shared::Failure(error))) => {
                if self.only().fall_back() {
                    return Ask::Decode;
                }
                self.count_coalesced();
                Ask::Fail(error)
            }
            Ok(Signal::Lead(leadership)) => self.lead(leadership).await,
            Ok(Signal::Alone(_)) if self.only().fall_back() => Ask::Decode,
            Ok(Signal::Alone(gate)) => self.alone(gate).await,
            // A leader signals everyone before it goes. A caller that was forgotten would load for itself.
            Err(_) => self.alone(Gate::open(None)).await,
        }
    }

    /// Waits for the leader, and takes the lead from one that has had as long as a caller waits.
    async fn follow(
        &self,
        key: &Arc<str>,
        mut follower: Follower<Claims>,
    ) -> Result<Signal<Claims>, RecvError> {
        let wait = self.request.policy.wait;
        let mut left = wait;
        loop {
            if let Some(signal) = time::within(left, &mut follower.signal).await {
                return signal;
            }
            match self.request.inner.flights.take_over(key, &follower, wait) {
                TakenOver::Leading(leadership) => return Ok(Signal::Lead(leadership)),
                TakenOver::Wait(more) => left = more,
            }
        }
    }

    /// As leader of a flight.
    async fn lead(&mut self, mut leadership: Leadership<Claims>) -> Ask {
        let baton = leadership.baton.take();
        self.role = LoadRole::Leading(leadership);
        match baton {
            Some(claims) => self.take_over(claims),
            None => {
                self.only().retry();
                self.obtain().await
            }
        }
    }

    /// As one of a failed load's followers: tries for itself, when the gate lets it.
    async fn alone(&mut self, gate: Arc<Gate<Claims>>) -> Ask {
        let (permit, baton) = match gate.enter(self.request.policy.wait).await {
            Entered::Try(permit, baton) => (permit, baton),
            Entered::Value(entry) => {
                self.count_coalesced();
                self.only().shared(entry);
                return Ask::Decode;
            }
        };
        self.role = LoadRole::Alone(permit);
        if let Some(claims) = baton {
            return self.take_over(claims);
        }
        self.only().retry();
        self.acquire_wanted().await;
        match self.some_want(Want::Serve) {
            true => Ask::Decode,
            false => Ask::Load,
        }
    }

    /// Goes on with the lease of a call that led before.
    fn take_over(&mut self, claims: Claims) -> Ask {
        let replaces = claims.replaces(Which::FIRST);
        self.claims = claims;
        self.only().take_over(Which::FIRST, replaces);
        Ask::Load
    }

    /// Gets leases of the missing keys, or values of some, or leave to load without storing.
    ///
    /// With `lock`, a call that could have no lease at all, because others are loading everything that it lacks, waits for
    /// their values. One that holds a lease never waits: two batches that hold what the other one wants would stand still
    /// until their time is over. So it loads what others are loading as well. Nor does a call within a load wait for the
    /// lease of a batch, which may be loading one key by a call that waits for this one.
    async fn obtain(&mut self) -> Ask {
        loop {
            let mark = self.role.mark();
            self.acquire_wanted().await;
            if self.some_want(Want::Serve) {
                if let LoadRole::Leading(_) = &self.role
                    && let Some(hit) = self.keys[0].found()
                    && hit.age != Age::Fallback
                {
                    let entry = hit.entry.clone();
                    mem::take(&mut self.role).publish(mark, entry);
                }
                return Ask::Decode;
            }
            if self.all_missing_want(Want::ServeStale) {
                self.fall_back();
                // Those who wait have a value like it, or ask for themselves.
                mem::take(&mut self.role).fail(None, None);
                return Ask::Decode;
            }
            if !self.request.policy.lock || !self.all_missing_want(Want::Wait) {
                return Ask::Load;
            }
            if self.keys.iter().any(KeyState::is_leased_by_batch) {
                if reentry::caller() == Caller::WithinLoad {
                    return Ask::Load;
                }
                self.role.waits_for_batch();
            }
            self.wait();
            if !self.patience().pause().await {
                return Ask::Load;
            }
            match self.is_single() {
                // One step asks for the lease and tells what is there.
                true => self.only().retry(),
                false => {
                    self.fetch(|state| state.want() == Want::Wait).await;
                    self.look_at_unseen().await;
                }
            }
        }
    }

    /// Serves what has expired for every key that is missing.
    pub(super) fn fall_back(&mut self) {
        for state in &mut self.keys[..] {
            state.fall_back();
        }
    }

    /// Whether every key that is missing has a value that has expired, or by now one that has not.
    pub(super) fn can_fall_back(&self) -> bool {
        let covered = |state: &KeyState| state.is_answered() || state.has_some_value();
        self.keys.iter().all(covered)
    }
}
