//! What is known of each row of a batch, and the way to its value: the store, another call's load, or this
//! call's own.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    codec,
    entry::{Entry, Header},
    error::Error,
    freshness::tag_life,
    guard::Guard,
    inner::Inner,
    lease::{Leases, Which},
    policy::Policy,
    protocol::{Nonce, Pending, State},
    read::{
        patience::Patience,
        reentry,
        seen::{carries, stamp},
    },
    stats::Counters,
    time::now_ms,
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
    /// Whether the stamps are such as entries can be stored under: asked for, so that they live long enough.
    pub(super) stamped: bool,
    /// When the load began.
    pub(super) began: Instant,
    /// Whether the misses have been counted.
    missed: bool,
    patience: Option<Patience>,
}

pub(super) struct Row {
    pub(super) key: Arc<str>,
    pub(super) standing: Standing,
    /// Whether the key held what had to go. Somebody who puts that back (another version of the service, say) is
    /// not fought: the second time, this call leaves the row alone.
    cleared: bool,
}

/// How a row stands with this call.
#[derive(Debug)]
pub(super) enum Standing {
    /// There is nothing under its key.
    Vacant,
    /// The value of this stamp may not be served: a lease may take its place.
    Spoilt(Nonce),
    /// Its key holds what no cache wrote, which has to go before a lease can be had.
    Unreadable,
    /// Its value has expired. It stays until it is replaced, for others may be allowed to serve it.
    Expired(Entry),
    /// There is a value, to be decoded.
    Found(Entry),
    /// The caller has its value.
    Answered,
    /// This call has the right to fill it.
    Leased(Which),
    /// Another call is loading it.
    Elsewhere,
    /// It has to be loaded, and cannot be stored: a writer is at work, or the store is out.
    Closed,
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
        let row = |key: String| Row { key: key.into(), standing: Standing::Vacant, cleared: false };
        Batch {
            guard,
            counters,
            policy,
            rows: keys.into_iter().map(row).collect(),
            leases: Leases::new(guard, policy.lease),
            tags: inner.carried(tags),
            stamps: Vec::new(),
            stamped: false,
            began: Instant::now(),
            missed: false,
            patience: None,
        }
    }

    /// Looks into the store: one round trip.
    pub(super) async fn look(&mut self) {
        self.look_at(|_| true).await;
    }

    /// Looks at some of the rows, and at the tags.
    pub(super) async fn look_at(&mut self, which: impl Fn(&Row) -> bool) {
        let rows: Vec<usize> = (0..self.rows.len()).filter(|&row| which(&self.rows[row])).collect();
        if rows.is_empty() {
            return;
        }
        let keys = rows.iter().map(|&row| &*self.rows[row].key);
        let keys: Vec<&str> = keys.chain(self.tags.iter().map(|tag| &**tag)).collect();
        match self.guard.read_many(&keys).await {
            Ok(mut states) => {
                self.stamps = states.split_off(rows.len()).iter().map(stamp).collect();
                rows.into_iter().zip(states).for_each(|(row, state)| self.see(row, state));
            }
            Err(error) => self.store_failed(&error),
        }
    }

    /// Takes note of what a row's key holds, under the stamps as they are known.
    pub(super) fn see(&mut self, row: usize, state: State<Entry>) {
        let standing = match state {
            State::Value(stamp, entry) => {
                if !carries(&entry, &self.stamps) {
                    Standing::Spoilt(stamp)
                } else if !codec::fits(&entry, &self.policy.encoding) {
                    // It is left to the version of the service that reads it.
                    Standing::Closed
                } else if !past_expiry(&entry, 0) {
                    Standing::Found(entry)
                } else if !past_expiry(&entry, self.longest_stale()) {
                    Standing::Expired(entry)
                } else {
                    Standing::Spoilt(stamp)
                }
            }
            State::Pending(Pending { value, .. }) => Standing::Found(value),
            State::Vacant => Standing::Vacant,
            // A load that asks for its own rows would wait for itself.
            State::Leased(_) if reentry::is_loading(self.guard, &self.rows[row].key) => {
                Standing::Closed
            }
            State::Leased(_) => Standing::Elsewhere,
            State::Fenced(_) => Standing::Closed,
            State::Unreadable => {
                tracing::warn!(key = &*self.rows[row].key, "a cache key holds what is no entry");
                self.counters.undecodable.add_one();
                Standing::Unreadable
            }
        };
        self.rows[row].stand(standing);
    }

    /// How long the stamps stand at least under which a load is about to begin.
    pub(super) fn tag_life(&self) -> Duration {
        let policy = self.policy;
        let fresh = policy.ttl.max(policy.negative_ttl.unwrap_or_default());
        let stale = policy.stale_while_revalidate.max(policy.stale_if_error);
        tag_life(fresh.saturating_add(stale))
    }

    fn longest_stale(&self) -> u64 {
        let longest = self.policy.stale_while_revalidate.max(self.policy.stale_if_error);
        u64::try_from(longest.as_millis()).unwrap_or(u64::MAX)
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
    pub(super) fn answered(&self, entry: &Entry) {
        match entry.negative() {
            _ if self.missed => {}
            true => self.counters.negative_hits.add_one(),
            false => self.counters.hits.add_one(),
        }
    }

    /// Notes that an entry is of another codec or type: it is a miss, and will be overwritten.
    pub(super) fn reject(&mut self, row: usize, entry: &Entry, error: &Error) {
        tracing::warn!(key = &*self.rows[row].key, %error, "a cached entry cannot be decoded");
        self.counters.undecodable.add_one();
        self.rows[row].stand(Standing::Spoilt(entry.stamp()));
    }

    /// Counts the rows that were not found at first.
    pub(super) fn missed(&mut self) {
        self.missed = true;
        self.counters.misses.add(self.missing().len() as u64);
    }

    /// The rows that the caller has no value of.
    pub(super) fn missing(&self) -> Vec<usize> {
        let missing = |row: &usize| !matches!(self.rows[*row].standing, Standing::Answered);
        (0..self.rows.len()).filter(missing).collect()
    }

    pub(super) fn is_answered(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.standing, Standing::Answered))
    }

    /// Gets leases of the missing rows, or values of some, or leave to load without storing.
    ///
    /// With `lock`, a call that could have no lease at all, because others are loading every row that it lacks,
    /// waits for their values. One that holds a lease never waits: two batches that hold what the other one
    /// wants would stand still until their time is over. So it loads what others are loading as well.
    pub(super) async fn next(&mut self) -> Next {
        loop {
            while self.wants_leases() {
                self.acquire().await;
            }
            if self.rows.iter().any(|row| matches!(row.standing, Standing::Found(_))) {
                return Next::Found;
            }
            if !self.may_wait() {
                return Next::Load;
            }
            if self.patience.is_none() {
                self.counters.lock_waits.add_one();
            }
            let patience = self.patience.get_or_insert_with(|| Patience::new(self.policy));
            if !patience.pause().await {
                return Next::Load;
            }
            self.look_at(|row| matches!(row.standing, Standing::Elsewhere)).await;
        }
    }

    fn wants_leases(&self) -> bool {
        self.rows.iter().any(|row| match row.standing {
            Standing::Vacant | Standing::Spoilt(_) | Standing::Unreadable => true,
            Standing::Expired(_) => !self.stamped && !self.tags.is_empty(),
            _ => false,
        })
    }

    fn may_wait(&self) -> bool {
        let elsewhere =
            |row: &Row| matches!(row.standing, Standing::Answered | Standing::Elsewhere);
        self.policy.lock && self.leases.is_empty() && self.rows.iter().all(elsewhere)
    }

    pub(super) fn count_error(&self, error: &Error) {
        tracing::debug!(%error, "the cache's store failed");
        self.counters.store_errors.add_one();
    }

    /// The store is not asked again, so that a call waits for one deadline at most.
    pub(super) fn store_failed(&mut self, error: &Error) {
        self.count_error(error);
        self.close();
    }

    /// Nothing that is missing can be stored.
    pub(super) fn close(&mut self) {
        self.leases.release();
        for row in &mut self.rows {
            if !matches!(row.standing, Standing::Answered) {
                row.standing = Standing::Closed;
            }
        }
    }
}

impl Row {
    pub(super) fn stand(&mut self, standing: Standing) {
        self.standing = match standing {
            Standing::Spoilt(_) | Standing::Unreadable if self.cleared => Standing::Closed,
            Standing::Spoilt(_) | Standing::Unreadable => {
                self.cleared = true;
                standing
            }
            other => other,
        };
    }
}

/// Whether an entry has been stale for so many milliseconds.
pub(super) fn past_expiry(entry: &Entry, stale: u64) -> bool {
    let Header { graceful, soft_expiry, .. } = entry.header();
    graceful && now_ms() >= soft_expiry.saturating_add(stale)
}
