//! Something that expires.

use tokio::time::Instant;

#[derive(Clone)]
pub(super) struct Timed<T> {
    pub(super) held: T,
    /// None for what would outlive the clock.
    pub(super) ends: Option<Instant>,
}

impl<T> Timed<T> {
    /// Whether it has not expired at `now`.
    pub(super) fn stands(&self, now: Instant) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }
}
