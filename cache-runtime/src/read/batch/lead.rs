//! The one load of a batch: its leases renewed while it runs, its rows stored, or stale ones served for it.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Serialize, de::DeserializeOwned};
use tracing::Instrument;

use super::{
    lookup::Batch,
    row::{Row, Standing},
};
use crate::{
    codec,
    entry::Entry,
    expiry,
    protocol::{Expected, Nonce, Reply, Step},
    read::{
        lead::PAUSE,
        reentry::{self, Keys},
    },
    telemetry::{About, tell},
    time::now_ms,
};

/// What is to become of a row that was loaded.
pub(super) struct Outcome {
    row: usize,
    step: Step<Entry>,
}

impl Batch<'_> {
    /// Runs the load of some rows, keeping the leases alive meanwhile.
    pub(super) async fn drive<F: Future>(&mut self, rows: &[usize], load: F) -> F::Output {
        self.waiting = None;
        self.counters.loads.add_one();
        self.began = Instant::now();
        let keys = rows.iter().map(|&row| Arc::clone(self.rows[row].own_key()));
        let keys = Keys::many(keys.collect());
        let about =
            About { function: self.counters.name, template: self.policy.template, key: None };
        let load = reentry::loading(self.guard, keys, load.instrument(about.load()));
        self.leases.renewing(load).await
    }

    /// The load has just come to an end.
    pub(super) fn timed(&self, succeeded: bool) {
        self.counters.loaded(self.began.elapsed(), succeeded);
    }

    /// What is to become of a row that was loaded, in the store, where it is to be kept for `ttl`: nothing where this
    /// call has no right to fill it.
    pub(super) fn fill<T: Serialize + DeserializeOwned>(
        &self,
        row: usize,
        loaded: &T,
        ttl: Duration,
    ) -> Option<Outcome> {
        let Row { standing, stale, .. } = &self.rows[row];
        let (expected, stamp) = match standing {
            Standing::Leased(which) => {
                let token = self.leases.token(*which)?;
                (Expected::Lease(token), token)
            }
            Standing::Refreshing(which) => {
                let stale = stale.as_ref()?;
                (Expected::Value(stale.entry.stamp()), self.leases.token(*which)?)
            }
            _ => return None,
        };
        let entry = self.encode(row, stamp, loaded, ttl);
        let step = match entry {
            Some((value, life)) => {
                Step::Fill { expected, stamp: value.stamp(), value, life: life.hard }
            }
            // What is there is not the row any more, or a lease that nobody is to wait for.
            None => Step::Release { expected },
        };
        Some(Outcome { row, step })
    }

    /// The entry of a row and its life, if it is to be stored.
    fn encode<T: Serialize + DeserializeOwned>(
        &self,
        row: usize,
        stamp: Nonce,
        loaded: &T,
        ttl: Duration,
    ) -> Option<(Entry, expiry::Life)> {
        let beside = self.rows[row].beside.as_ref().map(|beside| Some(beside.stamp));
        let tags = self.stamps.iter().copied().chain(beside);
        let tags: Vec<Nonce> = tags.collect::<Option<_>>()?;
        if ttl.is_zero() {
            return None;
        }
        let life = expiry::life(ttl, self.policy, now_ms());
        let cost = u32::try_from(self.began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let meta = codec::Meta::new(&life, cost, &tags);
        let entry = codec::encode(loaded, stamp, &self.policy.encoding, meta);
        match entry.and_then(codec::verified::<T>) {
            Ok(entry) if codec::is_too_large(&entry, &self.policy.encoding) => {
                tell!(debug, self.about(row), "a value is larger than `max_bytes`");
                self.counters.too_large.add_one();
                None
            }
            Ok(entry) => Some((entry, life)),
            Err(error) => {
                tell!(warn, self.about(row), %error, "a value cannot be cached");
                self.counters.unencodable.add_one();
                None
            }
        }
    }

    /// Stores what was loaded, each row if nothing was written to it meanwhile: one round trip.
    pub(super) async fn store(&mut self, outcomes: Vec<Outcome>) {
        let (rows, steps): (Vec<usize>, Vec<_>) = outcomes
            .into_iter()
            .map(|Outcome { row, step }| (row, (&*self.rows[row].key, step)))
            .unzip();
        let replies = match self.guard.run_many(&steps).await {
            Ok(replies) => replies,
            // The leases may stand yet: dropping them gives them up.
            Err(error) => return self.count_error(&error),
        };
        let fills = steps.iter().map(|(_, step)| matches!(step, Step::Fill { .. }));
        for ((row, fill), reply) in rows.into_iter().zip(fills).zip(replies) {
            match reply {
                Ok(reply) => {
                    if fill && reply != Reply::Done {
                        self.counters.superseded.add_one();
                        tell!(debug, self.about(row), "a write came between a load and its fill");
                    }
                    if let Standing::Leased(which) = self.rows[row].standing {
                        self.leases.spend(which);
                    }
                }
                Err(error) => self.count_error(&error),
            }
        }
    }

    /// Notes that the load has failed: whoever waits for its leases need not. Where a value has expired, nobody
    /// in the fleet is to try again for a moment.
    pub(super) fn failed(&mut self) {
        self.counters.load_failures.add_one();
        let elected = self.rows.iter().filter_map(|row| match row.standing {
            Standing::Refreshing(which) => Some(which),
            _ => None,
        });
        self.leases.fail(elected, PAUSE);
    }

    /// After a failed load: serves values that have expired instead, if there is one for every row that is
    /// missing. A store that answers is asked for them again, for a write may have come meanwhile, and a write
    /// wins.
    pub(super) async fn look_for_stale(&mut self) {
        if self.can_fall_back() {
            self.look_at(|row| !row.is_answered()).await;
            if self.can_fall_back() {
                self.fall_back();
            }
        }
    }

    /// Whether every row that is missing has a value that has expired, or by now one that has not.
    fn can_fall_back(&self) -> bool {
        let value = |row: &Row| row.stale.is_some() || matches!(row.standing, Standing::Found(_));
        self.rows.iter().all(|row| row.is_answered() || value(row))
    }
}
