//! One row of a batch: what is known of it, and what that allows.

use std::sync::Arc;

use crate::{
    entry::Entry,
    expiry::Age,
    lease::Which,
    protocol::{Expected, Nonce, State},
    read::{acquire::refresh_key, seen::Hit},
};

pub(super) struct Row {
    pub(super) key: Arc<str>,
    pub(super) standing: Standing,
    /// What it stands beside, if its key is not the row's own.
    pub(super) beside: Option<Beside>,
    /// Its value that has expired, which stays until it is replaced.
    pub(super) stale: Option<Stale>,
    /// Whether the key held what had to go. Somebody who puts that back (another version of the service, say) is
    /// not fought: the second time, this call leaves the row alone.
    cleared: bool,
    tally: Tally,
}

/// Whether a row has been counted, and as what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tally {
    Open,
    /// It is a miss, unless the caller comes to be served its value that has expired.
    Owed,
    /// It is served its value that has expired.
    Stale,
    Settled,
    /// Another batch has handed it on, and counts what comes of it: whether that is the value that has expired.
    Another {
        stale: bool,
    },
}

/// What a row is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Hit,
    NegativeHit,
    StaleHit,
    Miss,
}

/// Under the row's own key stands an entry of another layout of the value, which is left to the version of the
/// service that reads it. That of this version stands beside it, as for a single row: its last tag is the key, and
/// the stamp that the other entry has is the tag's.
#[derive(Clone)]
pub(super) struct Beside {
    pub(super) key: Arc<str>,
    pub(super) stamp: Nonce,
}

/// A value that has expired, and may be served in need.
pub(super) struct Stale {
    pub(super) entry: Entry,
    /// It may be served although nothing has failed, as long as somebody renews it.
    pub(super) at_once: bool,
    /// The key on which the one is elected who renews it.
    pub(super) refresh_key: Arc<str>,
}

impl Stale {
    /// The value of the row under `key`.
    pub(super) fn new(key: &str, entry: Entry, at_once: bool) -> Self {
        Stale { entry, at_once, refresh_key: refresh_key(key).into() }
    }
}

/// How a row stands with this call.
pub(super) enum Standing {
    /// Nobody has looked under its key yet.
    Unseen,
    /// There is nothing under its key.
    Vacant,
    /// The value of this stamp may not be served: a lease may take its place.
    Spoilt(Nonce),
    /// Its key holds what no cache wrote, which has to go before a lease can be had.
    Unreadable,
    /// Its value has expired, and who replaces it has to be found out.
    Expired,
    /// There is a value, to be decoded.
    Found(Hit),
    /// The caller has its value.
    Answered,
    /// This call has the right to fill it.
    Leased(Which),
    /// This call has been elected to replace the value that has expired.
    Refreshing(Which),
    /// Another call is loading it.
    Elsewhere,
    /// A load of it has failed a moment ago, and there is the value that has expired.
    Failing,
    /// It has to be loaded, and cannot be stored: a writer is at work, or the store is out.
    Closed,
}

impl Row {
    pub(super) fn new(key: String) -> Row {
        Row {
            key: key.into(),
            standing: Standing::Unseen,
            beside: None,
            stale: None,
            cleared: false,
            tally: Tally::Open,
        }
    }

    /// The key of the row itself, wherever its entry is.
    pub(super) fn own_key(&self) -> &Arc<str> {
        self.beside.as_ref().map_or(&self.key, |beside| &beside.key)
    }

    /// The same row, for another batch that looks at it anew.
    pub(super) fn again(&self) -> Row {
        let (key, beside) = (Arc::clone(&self.key), self.beside.clone());
        let tally = Tally::Another { stale: false };
        Row { key, standing: Standing::Unseen, beside, stale: None, cleared: false, tally }
    }

    /// The same row, for another batch that replaces this value.
    pub(super) fn replacing(&self, entry: Entry) -> Row {
        let stale = Some(Stale::new(&self.key, entry, false));
        Row { standing: Standing::Expired, stale, ..self.again() }
    }

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

    /// Serves the value that has expired, if there is one. Says whether there was.
    pub(super) fn fall_back(&mut self) -> bool {
        let stale = self.stale.take();
        let served = stale.is_some();
        if let Some(stale) = stale {
            self.standing =
                Standing::Found(Hit { entry: stale.entry, age: Age::Fallback, pending: false });
            self.tally = match self.tally {
                Tally::Settled => Tally::Settled,
                Tally::Another { .. } => Tally::Another { stale: true },
                Tally::Open | Tally::Owed | Tally::Stale => Tally::Stale,
            };
        }
        served
    }

    /// The row was not found at first. One that may yet be served what has expired is counted when that is known.
    pub(super) fn missed(&mut self) -> Option<Outcome> {
        let owed = self.stale.is_some();
        self.tally = if owed { Tally::Owed } else { Tally::Settled };
        (!owed).then_some(Outcome::Miss)
    }

    /// The caller has this value of it now.
    pub(super) fn answered(&mut self, hit: &Hit) -> Option<Outcome> {
        let outcome = match self.tally {
            Tally::Open if hit.age == Age::Revalidate => Outcome::StaleHit,
            Tally::Open if hit.entry.negative() => Outcome::NegativeHit,
            Tally::Open => Outcome::Hit,
            Tally::Stale => Outcome::StaleHit,
            Tally::Owed => Outcome::Miss,
            Tally::Settled | Tally::Another { .. } => return None,
        };
        self.tally = Tally::Settled;
        Some(outcome)
    }

    /// The caller has what another batch has found for it: that may be the value that has expired.
    pub(super) fn answered_by_another(&mut self, stale: bool) -> Outcome {
        self.standing = Standing::Answered;
        self.tally = Tally::Settled;
        if stale { Outcome::StaleHit } else { Outcome::Miss }
    }

    /// Whether the batch that has handed it on is to be served the value that has expired.
    pub(super) fn is_stale(&self) -> bool {
        self.tally == Tally::Another { stale: true }
    }

    /// Nothing more comes of it.
    pub(super) fn ended(&self) -> Option<Outcome> {
        matches!(self.tally, Tally::Owed | Tally::Stale).then_some(Outcome::Miss)
    }

    /// Whether `state` is that of the value that has expired.
    pub(super) fn has_expired(&self, state: &State<Entry>) -> bool {
        let stamp = self.stale.as_ref().map(|stale| stale.entry.stamp());
        stamp.is_some_and(|stamp| state.is(Expected::Value(stamp)))
    }

    /// Whether there is a value that has expired and may be served while another call replaces it.
    pub(super) fn may_serve_at_once(&self) -> bool {
        self.stale.as_ref().is_some_and(|stale| stale.at_once)
    }

    /// Whether the value of this stamp stands, expired or not.
    pub(super) fn holds(&self, stamp: Nonce) -> bool {
        let stale = self.stale.as_ref().map(|stale| &stale.entry);
        let entry = match &self.standing {
            Standing::Found(hit) => Some(&hit.entry),
            _ => stale,
        };
        entry.is_some_and(|entry| entry.stamp() == stamp)
    }

    pub(super) fn wants_a_lease(&self) -> bool {
        use Standing::{Expired, Spoilt, Unreadable, Vacant};
        matches!(self.standing, Vacant | Spoilt(_) | Unreadable | Expired)
    }

    pub(super) fn is_answered(&self) -> bool {
        matches!(self.standing, Standing::Answered)
    }
}
