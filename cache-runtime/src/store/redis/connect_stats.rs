//! The times of attempts to connect since there was a connection, and whether the connections were of use.

use std::time::Duration;

use tokio::time::Instant;

/// A server that refuses a connection within this time is near: another attempt costs next to nothing.
const CHEAP: Duration = Duration::from_millis(2);

/// What a busy machine may add to that time.
const NOISE: Duration = Duration::from_millis(20);

/// After so many attempts, the fastest shows what an attempt costs.
const SAMPLE: u32 = 4;

/// After so many connections in a row that brought no answer, the next one is expected to bring none.
const VAIN: u32 = 3;

/// The times of attempts, and how many connections in a row brought no answer.
#[derive(Debug, Default)]
pub(super) struct ConnectStats {
    /// When the attempt that is under way began.
    began: Option<Instant>,
    failed: u32,
    last: Duration,
    least: Duration,
    /// How many connections in a row were lost before they had brought any answer.
    lost: u32,
}

impl ConnectStats {
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    pub(super) fn failed(&mut self) {
        self.last = self.began.take().map_or(Duration::ZERO, |began| began.elapsed());
        self.least = if self.failed == 0 { self.last } else { self.least.min(self.last) };
        self.failed = self.failed.saturating_add(1);
    }

    /// There is a connection. Returns whether it is expected to bring no answer.
    pub(super) fn connected(&mut self) -> bool {
        *self = ConnectStats { lost: self.lost, ..ConnectStats::default() };
        self.are_in_vain()
    }

    /// A connection was lost. If it had brought an answer, the server was there, and writers must try again.
    pub(super) fn lost(&mut self, brought_an_answer: bool) {
        self.lost = if brought_an_answer { 0 } else { self.lost.saturating_add(1) };
    }

    /// A connection is of use.
    pub(super) fn is_well(&mut self) {
        self.lost = 0;
    }

    /// Whether connections have been made in vain.
    fn are_in_vain(&self) -> bool {
        self.lost >= VAIN
    }

    /// Whether another attempt fails quickly, if it fails. A server that has never been tried may do so.
    pub(super) fn are_small(&self) -> bool {
        let pending = self.began.is_some_and(|began| began.elapsed() > NOISE);
        let near = self.failed < SAMPLE || self.least <= CHEAP;
        !pending && near && self.last <= NOISE && !self.are_in_vain()
    }
}

#[cfg(test)]
mod tests {
    use super::ConnectStats;

    #[test]
    fn connections_that_bring_no_answer_are_doubted_from_the_fourth_on() {
        let mut stats = ConnectStats::default();
        for (answered, doubted) in [
            (false, false),
            (false, false),
            (false, true),
            (false, true),
            (true, false),
            (false, false),
        ] {
            stats.lost(answered);
            assert_eq!((stats.connected(), stats.are_small()), (doubted, !doubted));
        }
    }
}
