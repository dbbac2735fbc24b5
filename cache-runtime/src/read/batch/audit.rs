//! Audits of a batch: hits that are loaded all the same, with what is missing, to see whether the cache holds what the
//! source does.

use super::lookup::Batch;
use crate::{protocol::Nonce, telemetry::tell};

impl Batch<'_> {
    /// Counts those of the rows that differ from their source although nothing was written to them since: their
    /// values, by their stamps, still stand. One round trip.
    pub(super) async fn count_stale(&self, differing: Vec<(usize, Nonce)>) {
        let rows = differing.iter().map(|&(row, _)| self.rows[row].again()).collect();
        let mut now = Batch::of(self.terms, self.guard, rows);
        now.look_at(|_| true).await;
        for (at, (row, stamp)) in differing.into_iter().enumerate() {
            if now.rows[at].holds(stamp) {
                self.counters.stale_detected.add_one();
                tell!(error, self.about(row), "an audited entry differs from its source");
            }
        }
    }
}
