//! How a key of a call is counted: once, when its outcome is known.

use super::snapshot::Hit;
use crate::expiry::Age;

/// What a key is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Hit,
    NegativeHit,
    StaleHit,
    Miss,
}

/// Whether a key has been counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tally {
    /// Not yet.
    Open,
    /// A miss, unless the caller comes to be served the value that has expired.
    Missed,
    /// The value that has expired is about to be served.
    Stale,
    Counted,
    /// Another call has handed it on, and counts its outcome: whether that is the value that has expired.
    HandedOn {
        stale: bool,
    },
}

impl Tally {
    /// The first look has found nothing that can be returned. While there is a value that may stand in for the load,
    /// the outcome is open.
    pub(super) fn missed(&mut self, may_fall_back: bool) -> Option<Outcome> {
        if *self != Tally::Open {
            return None;
        }
        *self = if may_fall_back { Tally::Missed } else { Tally::Counted };
        (!may_fall_back).then_some(Outcome::Miss)
    }

    /// The value that has expired is served.
    pub(super) fn serves_stale(&mut self) {
        *self = match *self {
            Tally::Counted => Tally::Counted,
            Tally::HandedOn { .. } => Tally::HandedOn { stale: true },
            Tally::Open | Tally::Missed | Tally::Stale => Tally::Stale,
        };
    }

    pub(super) fn answered(&mut self, hit: &Hit) -> Option<Outcome> {
        let outcome = match *self {
            Tally::Open if hit.age == Age::Revalidate => Outcome::StaleHit,
            Tally::Open if hit.entry.negative() => Outcome::NegativeHit,
            Tally::Open => Outcome::Hit,
            Tally::Stale => Outcome::StaleHit,
            Tally::Missed => Outcome::Miss,
            Tally::Counted | Tally::HandedOn { .. } => return None,
        };
        *self = Tally::Counted;
        Some(outcome)
    }

    pub(super) fn answered_by_another(&mut self, stale: bool) -> Option<Outcome> {
        let counted = std::mem::replace(self, Tally::Counted) == Tally::Counted;
        (!counted).then_some(if stale { Outcome::StaleHit } else { Outcome::Miss })
    }

    /// The call has ended without a value from the cache.
    pub(super) fn ended(&mut self) -> Option<Outcome> {
        let owed = matches!(self, Tally::Missed | Tally::Stale);
        owed.then(|| *self = Tally::Counted).map(|()| Outcome::Miss)
    }
}
