//! What is known of each row of a batch, and the way to its value: the store, another call's load, or this
//! call's own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::row::{Outcome, Row, Standing};
use crate::{
    entry::Entry,
    error::Error,
    freshness::kept,
    guard::Guard,
    inner::Inner,
    lease::Leases,
    policy::Policy,
    protocol::Nonce,
    read::{patience::Patience, request::about},
    stats::{Counters, Waiting},
    telemetry::{About, tell},
};

/// One call for many rows.
pub(crate) struct Batch<'a> {
    pub(super) guard: &'a Arc<Guard>,
    pub(super) counters: &'a Counters,
    pub(super) policy: &'a Policy,
    pub(super) rows: Vec<Row>,
    pub(super) leases: Leases,
    /// The stored names of the tags, and the stamps that they had when they were last looked at.
    pub(super) tags: Vec<String>,
    pub(super) stamps: Vec<Option<Nonce>>,
    /// Whether the store has failed. It is not asked again, so that a call waits for one deadline at most.
    pub(super) out: bool,
    /// When the load began.
    pub(super) began: Instant,
    patience: Option<Patience>,
    /// While it waits for others' loads.
    pub(super) waiting: Option<Waiting<'a>>,
}

/// What to do next.
pub(super) enum Next {
    /// There are values to decode.
    Found,
    /// What is missing has to be loaded.
    Load,
}

impl<'a> Batch<'a> {
    /// A batch of the rows under `keys`, of which no two are equal, whose entries carry `tags`.
    pub(crate) fn new(
        inner: &'a Inner,
        guard: &'a Arc<Guard>,
        counters: &'a Counters,
        keys: Vec<String>,
        tags: Vec<String>,
        policy: &'a Policy,
    ) -> Self {
        Batch {
            guard,
            counters,
            policy,
            rows: keys.into_iter().map(Row::new).collect(),
            leases: Leases::new(guard, policy.lease),
            tags: inner.carried(tags),
            stamps: Vec::new(),
            out: false,
            began: Instant::now(),
            patience: None,
            waiting: None,
        }
    }

    /// How long the store keeps what a load is about to bring, as far as is known.
    pub(super) fn life(&self) -> Duration {
        let policy = self.policy;
        kept(policy.ttl.max(policy.negative_ttl.unwrap_or_default()), policy)
    }

    /// The values that wait to be decoded. Whoever takes them says of each what came of it.
    pub(super) fn take_found(&mut self) -> Vec<(usize, Entry)> {
        let mut found = Vec::new();
        for (at, row) in self.rows.iter_mut().enumerate() {
            if let Standing::Found(entry) = &row.standing {
                found.push((at, entry.clone()));
                row.standing = Standing::Answered;
            }
        }
        found
    }

    /// Notes that an entry that was found has been decoded.
    pub(super) fn answered(&mut self, row: usize, entry: &Entry) {
        let outcome = self.rows[row].answered(entry);
        self.count(row, outcome);
    }

    fn count(&self, row: usize, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        let (counter, outcome) = match outcome {
            Outcome::Hit => (&self.counters.hits, "hit"),
            Outcome::NegativeHit => (&self.counters.negative_hits, "negative_hit"),
            Outcome::StaleHit => (&self.counters.stale_hits, "stale_hit"),
            Outcome::Miss => (&self.counters.misses, "miss"),
        };
        counter.add_one();
        tell!(trace, self.about(row), outcome, "a row of a batch was looked for");
    }

    /// What an event is about that concerns a row.
    pub(super) fn about(&self, row: usize) -> About<'_> {
        about(self.guard, self.counters, self.policy, &self.rows[row].key)
    }

    /// Notes that an entry is of another codec or type: it is a miss, and will be overwritten.
    pub(super) fn reject(&mut self, row: usize, entry: &Entry, error: &Error) {
        self.note_undecodable(row, error);
        self.rows[row].stand(Standing::Spoilt(entry.stamp()));
    }

    pub(super) fn note_undecodable(&self, row: usize, error: &Error) {
        tell!(warn, self.about(row), %error, "a cached entry cannot be decoded");
        self.counters.undecodable.add_one();
    }

    /// Counts the rows that were not found at first.
    pub(super) fn missed(&mut self) {
        for row in self.missing() {
            let outcome = self.rows[row].missed();
            self.count(row, outcome);
        }
    }

    /// The rows that the caller has no value of.
    pub(super) fn missing(&self) -> Vec<usize> {
        let missing = |row: &usize| !self.rows[*row].is_answered();
        (0..self.rows.len()).filter(missing).collect()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.rows.iter().all(Row::is_answered)
    }

    /// Gets leases of the missing rows, or values of some, or leave to load without storing.
    ///
    /// Where a value has expired, one call is elected to replace it, as for a single row.
    ///
    /// With `lock`, a call that could have no lease at all, because others are loading every row that it lacks,
    /// waits for their values. One that holds a lease never waits: two batches that hold what the other one
    /// wants would stand still until their time is over. So it loads what others are loading as well.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            while self.wants_leases() {
                self.acquire().await;
                self.look_beside().await;
            }
            if self.rows.iter().any(|row| matches!(row.standing, Standing::Found(_))) {
                return Next::Found;
            }
            if self.stands(|standing| matches!(standing, Standing::Failing)) {
                self.fall_back();
                return Next::Found;
            }
            if !self.may_wait() {
                return Next::Load;
            }
            if self.patience.is_none() {
                self.waiting = Some(self.counters.wait());
            }
            let patience = self.patience.get_or_insert_with(|| Patience::new(self.policy));
            if !patience.pause().await {
                return Next::Load;
            }
            self.look_at(|row| matches!(row.standing, Standing::Elsewhere)).await;
            self.look_beside().await;
        }
    }

    fn wants_leases(&self) -> bool {
        self.rows.iter().any(|row| row.wants_a_lease())
    }

    /// A lease is held for a row that is missing, so whoever may wait holds none.
    fn may_wait(&self) -> bool {
        let elsewhere = |standing: &Standing| matches!(standing, Standing::Elsewhere);
        self.policy.lock && self.stands(elsewhere)
    }

    /// Whether every row that is missing stands like this.
    fn stands(&self, how: impl Fn(&Standing) -> bool) -> bool {
        self.rows.iter().all(|row| row.is_answered() || how(&row.standing))
    }

    /// Serves what has expired for every row that is missing.
    pub(super) fn fall_back(&mut self) {
        for row in &mut self.rows {
            row.fall_back();
        }
    }

    pub(super) fn count_error(&self, error: &Error) {
        let about =
            About { function: self.counters.name, template: self.policy.template, key: None };
        tell!(debug, about, %error, "the cache's store failed");
        self.counters.store_errors.add_one();
    }

    pub(super) fn store_failed(&mut self, error: &Error) {
        self.count_error(error);
        self.out = true;
        self.close();
    }

    /// Nothing that is missing can be stored.
    pub(super) fn close(&mut self) {
        self.leases.release();
        for row in &mut self.rows {
            if !row.is_answered() {
                row.standing = Standing::Closed;
            }
        }
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        (0..self.rows.len()).for_each(|row| self.count(row, self.rows[row].ended()));
    }
}
