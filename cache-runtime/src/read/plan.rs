//! What is to become of a loaded value, as the closures that look at it decide.

use std::time::Duration;

use crate::time::IntoTtl;

/// What closures over the loaded value decide.
#[derive(Debug)]
pub struct Plan {
    pub(super) ttl: Duration,
}

impl Plan {
    /// This value's time to live.
    pub fn ttl(&mut self, ttl: impl IntoTtl) {
        self.ttl = ttl.into_ttl();
    }

    /// Whether this value is not to be stored.
    pub fn unless(&mut self, unless: bool) {
        if unless {
            self.ttl = Duration::ZERO;
        }
    }
}
