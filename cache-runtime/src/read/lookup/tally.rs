//! How a call is counted: once, when it is known what came of it, and with an event.

use super::Lookup;
use crate::{expiry::Age, read::seen::Hit, stats::Waiting, telemetry::tell};

/// Whether a call that found nothing that it could return has been counted: as one of the misses, or of those that
/// were served what had expired.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tally {
    /// There is nothing to count yet.
    Open,
    /// It is a miss, unless it comes to be served the value that has expired.
    Owed,
    /// It has been counted.
    Settled,
    /// Another call goes on in this one, and counts what comes of it: whether that is the value that has expired.
    Another { stale: bool },
}

impl<'a> Lookup<'a> {
    /// Counts a call that is answered by what was seen.
    pub(in crate::read) fn hit(&self, hit: &Hit) {
        let counters = &self.request.counters;
        let (counter, outcome) = match hit.age {
            Age::Revalidate => (&counters.stale_hits, "stale_hit"),
            _ if hit.entry.negative() => (&counters.negative_hits, "negative_hit"),
            _ => (&counters.hits, "hit"),
        };
        counter.add_one();
        tell!(trace, self.about(), outcome, "a call was answered by the cache");
    }

    /// Counts a call that found no value that it could return. One that may yet be served what has expired is
    /// counted when that is known.
    pub(in crate::read) fn missed(&mut self) {
        match (self.tally, &self.stale) {
            (Tally::Open, Some(_)) => self.tally = Tally::Owed,
            (Tally::Open, None) => self.count_miss(),
            _ => {}
        }
    }

    fn count_miss(&mut self) {
        self.tally = Tally::Settled;
        self.request.counters.misses.add_one();
        tell!(trace, self.about(), outcome = "miss", "the cache has nothing for a call");
    }

    /// Counts a call that is answered by another one's load.
    pub(super) fn shared(&self) {
        self.request.counters.coalesced.add_one();
        tell!(trace, self.about(), "a call was answered by another call's load");
    }

    /// Counts a call that is served the value that has expired.
    pub(in crate::read) fn served_stale(&mut self) {
        match self.tally {
            Tally::Owed => {
                self.request.counters.stale_hits.add_one();
                self.tally = Tally::Settled;
                tell!(debug, self.about(), outcome = "stale_hit", "an expired value stands in");
            }
            Tally::Another { .. } => self.tally = Tally::Another { stale: true },
            // It was a miss before there was such a value.
            Tally::Open | Tally::Settled => {}
        }
    }

    /// Whether the call that goes on in this one is served the value that has expired.
    pub(in crate::read) fn has_served_stale(&self) -> bool {
        self.tally == Tally::Another { stale: true }
    }

    /// Begins to wait for another process's load. A call is counted once.
    pub(super) fn wait(&mut self) -> Option<Waiting<'a>> {
        let first = !std::mem::replace(&mut self.waited, true);
        first.then(|| self.request.counters.wait())
    }
}

impl Drop for Lookup<'_> {
    fn drop(&mut self) {
        if self.tally == Tally::Owed {
            self.count_miss();
        }
    }
}
