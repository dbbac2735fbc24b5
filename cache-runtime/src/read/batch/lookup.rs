//! What is known of each row of a batch, and the way to its value: the store, another call's load, or this
//! call's own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    row::{Outcome, Row, Standing},
    terms::Terms,
};
use crate::{
    entry::Entry,
    error::Error,
    expiry::{Age, kept},
    guard::Guard,
    lease::Leases,
    policy::Policy,
    protocol::Nonce,
    read::{patience::Patience, request::about, seen::Hit},
    stats::{Counters, Waiting},
    telemetry::{About, tell},
};

/// One call for many rows.
pub(crate) struct Batch<'a> {
    pub(super) guard: &'a Arc<Guard>,
    pub(super) terms: &'a Terms,
    pub(super) counters: &'a Counters,
    pub(super) policy: &'a Policy,
    pub(super) rows: Vec<Row>,
    pub(super) leases: Leases,
    /// The stamps that the tags had when they were last looked at.
    pub(super) stamps: Vec<Option<Nonce>>,
    /// Whether the store has failed. It is not asked again, so that a call waits for one deadline at most.
    pub(super) out: bool,
    /// When the load began.
    pub(super) began: Instant,
    first_look: FirstLook,
    patience: Option<Patience>,
    /// While it waits for others' loads.
    pub(super) waiting: Option<Waiting<'a>>,
}

/// What is to become of what the first look finds, besides being served.
#[derive(Default)]
struct FirstLook {
    over: bool,
    /// Whether the call can renew in the background what it serves.
    renews: bool,
    /// The rows whose values are to be renewed.
    due: Vec<(usize, Entry)>,
    /// The rows whose values, by their stamps, are compared with their source.
    audited: Vec<(usize, Nonce)>,
}

/// What to do next.
pub(super) enum Next {
    /// There are values to decode.
    Found,
    /// What is missing has to be loaded.
    Load,
}

impl<'a> Batch<'a> {
    /// A batch of the rows under `keys`, of which no two are equal.
    pub(crate) fn new(terms: &'a Terms, guard: &'a Arc<Guard>, keys: Vec<String>) -> Self {
        Batch::of(terms, guard, keys.into_iter().map(Row::new).collect())
    }

    /// A batch of `rows`.
    pub(super) fn of(terms: &'a Terms, guard: &'a Arc<Guard>, rows: Vec<Row>) -> Self {
        Batch {
            guard,
            terms,
            counters: &terms.counters,
            policy: &terms.policy,
            rows,
            leases: Leases::new(guard, terms.policy.lease),
            stamps: Vec::new(),
            out: false,
            began: Instant::now(),
            first_look: FirstLook::default(),
            patience: None,
            waiting: None,
        }
    }

    /// The same, for a call that can renew in the background what it serves.
    pub(super) fn renewing(mut self) -> Self {
        self.first_look.renews = true;
        self
    }

    /// Whether what is being looked at is renewed if it has to be.
    pub(super) fn renews(&self) -> bool {
        self.first_look.renews && !self.first_look.over
    }

    /// The stored names of the tags.
    pub(super) fn tags(&self) -> &'a [String] {
        &self.terms.tags
    }

    /// How long the store keeps what a load is about to bring, as far as is known.
    pub(super) fn life(&self) -> Duration {
        let policy = self.policy;
        kept(policy.ttl.max(policy.negative_ttl.unwrap_or_default()), policy)
    }

    /// The values that wait to be decoded. Whoever takes them says of each what came of it.
    pub(super) fn take_found(&mut self) -> Vec<(usize, Hit)> {
        let mut found = Vec::new();
        for (at, row) in self.rows.iter_mut().enumerate() {
            match std::mem::replace(&mut row.standing, Standing::Answered) {
                Standing::Found(hit) => found.push((at, hit)),
                other => row.standing = other,
            }
        }
        found
    }

    /// Notes that an entry that was found has been decoded.
    pub(super) fn answered(&mut self, row: usize, hit: Hit) {
        let outcome = self.rows[row].answered(&hit);
        self.count(row, outcome);
        if self.first_look.over {
            return;
        }
        if self.renews() && matches!(hit.age, Age::Due | Age::Revalidate) {
            self.first_look.due.push((row, hit.entry));
        } else if hit.is_audited(self.policy) {
            self.first_look.audited.push((row, hit.entry.stamp()));
        }
    }

    /// Notes that another batch has found a value for a row.
    pub(super) fn answered_by_another(&mut self, row: usize, stale: bool) {
        let outcome = self.rows[row].answered_by_another(stale);
        self.count(row, Some(outcome));
    }

    /// The rows whose values are to be renewed, and these.
    pub(super) fn take_due(&mut self) -> Vec<(usize, Entry)> {
        std::mem::take(&mut self.first_look.due)
    }

    /// The rows whose values are to be compared with their source, and the stamps of these.
    pub(super) fn take_audited(&mut self) -> Vec<(usize, Nonce)> {
        std::mem::take(&mut self.first_look.audited)
    }

    /// Whether there may be something to load.
    pub(super) fn wants_more(&self) -> bool {
        !self.is_answered() || !self.first_look.audited.is_empty()
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
        self.rows[row].stale = None;
        self.rows[row].stand(Standing::Spoilt(entry.stamp()));
    }

    pub(super) fn note_undecodable(&self, row: usize, error: &Error) {
        tell!(warn, self.about(row), %error, "a cached entry cannot be decoded");
        self.counters.undecodable.add_one();
    }

    /// Counts the rows that were not found at first.
    pub(super) fn missed(&mut self) {
        self.first_look.over = true;
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
