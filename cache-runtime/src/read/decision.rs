//! What the closures over a loaded value decide: for how long it is kept, if at all.

use std::time::Duration;

use serde::Serialize;

use crate::{codec, policy::Policy, stats::NotStored, time::IntoTtl};

/// What closures over the loaded value decide.
#[derive(Debug)]
pub struct Decision {
    ttl: Duration,
    unless: bool,
}

impl Decision {
    /// This value's time to live.
    pub fn ttl(&mut self, ttl: impl IntoTtl) {
        self.ttl = ttl.into_ttl();
    }

    /// Whether this value is not to be stored.
    pub fn unless(&mut self, unless: bool) {
        self.unless |= unless;
    }

    /// For how long a loaded value is kept: as the policy says, and of one that is not `None`, what looks at it; or why not at
    /// all.
    pub(super) fn ttl_of<T: Serialize>(
        stored: &T,
        policy: &Policy,
        decide: impl FnOnce(&mut Decision),
    ) -> Result<Duration, NotStored> {
        // Asked of the value rather than of the shape: a type parameter or a wrapper can be an `Option` too.
        if codec::is_none(stored) {
            return some(policy.negative_ttl.unwrap_or_default(), NotStored::Absent);
        }
        let mut decision = Decision { ttl: policy.ttl, unless: false };
        decide(&mut decision);
        decision.ended()
    }

    fn ended(self) -> Result<Duration, NotStored> {
        match self.unless {
            true => Err(NotStored::Unless),
            false => some(self.ttl, NotStored::ZeroTtl),
        }
    }
}

/// A time to live, if it is one.
fn some(ttl: Duration, none: NotStored) -> Result<Duration, NotStored> {
    if ttl.is_zero() { Err(none) } else { Ok(ttl) }
}

/// What looks at no value: the closures of a function that has none.
pub fn keep<V: ?Sized>(_: &V, _: &mut Decision) {}
