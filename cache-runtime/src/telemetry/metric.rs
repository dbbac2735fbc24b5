//! The metrics: their names, units and descriptions, by OpenTelemetry's conventions.

/// One metric.
#[derive(Debug)]
#[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "there is no recorder"))]
pub(crate) struct Metric {
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    pub(super) what: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    Count,
    Seconds,
    Bytes,
}

/// What a series is about, which is a label of it.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "metrics"), allow(dead_code, reason = "there is no recorder"))]
pub(crate) enum Subject {
    /// The store, of which a cache has one: no label.
    Store,
    Function(&'static str),
    Outbox(&'static str),
}

/// The labels that distinguish the series of one metric: names and values.
pub(crate) type Labels = &'static [(&'static str, &'static str)];

macro_rules! metrics {
    ($($id:ident: $name:literal, $unit:ident, $what:literal;)*) => {$(
        pub(crate) static $id: Metric = Metric { name: $name, unit: Unit::$unit, what: $what };
    )*};
}

metrics! {
    REQUESTS: "cache.requests", Count, "Calls, by outcome.";
    LOCAL_HITS: "cache.local.hits", Count, "Hits that were answered by local copies, without a round trip.";
    COALESCED: "cache.coalesced", Count, "Calls answered by another call's load in the same process.";
    LOADS: "cache.loads", Count, "Runs of the function's body that have begun.";
    LOAD_FAILURES: "cache.load.failures", Count, "Runs of the function's body that failed.";
    LOAD_DURATION: "cache.load.duration", Seconds, "How long runs of the function's body took.";
    LOCK_WAITS: "cache.lock.waits", Count, "Calls that waited for another process's load.";
    LOCK_WAIT_DURATION: "cache.lock.wait.duration", Seconds, "How long calls waited for another process's load.";
    SUPERSEDED: "cache.superseded", Count, "Loaded values that were not stored: a write came between.";
    NOT_STORED: "cache.not_stored", Count, "Values that were loaded or written and not stored, by reason.";
    ERRORS: "cache.errors", Count, "Errors of the cache, which did not fail the call.";
    REFRESHES: "cache.refreshes", Count, "Loads in the background.";
    AUDITS: "cache.audits", Count, "Hits that were compared with a load.";
    AUDIT_DIFFERENCES: "cache.audit.differences", Count, "Audited hits that differed from the source.";
    INVALIDATIONS: "cache.invalidations", Count, "Keys and tags that writers invalidated.";
    REFUSED: "cache.writes.refused", Count, "Writes that were refused before they began.";
    QUEUED: "cache.write_behind.queued", Count, "Writes that a write-behind queue accepted.";
    FLUSHED: "cache.write_behind.flushed", Count, "Queued writes that were flushed to the database.";
    REPLACED: "cache.write_behind.replaced", Count, "Queued writes that a later write replaced.";
    BATCHES: "cache.write_behind.batches", Count, "Runs of a batch function.";
    DEAD_LETTERS: "cache.write_behind.dead_letters", Count, "Queued writes that became dead letters.";
    OPERATIONS: "cache.store.operations", Count, "Operations that were sent to the store.";
    FAILURES: "cache.store.failures", Count, "Operations that failed or timed out.";
    REJECTED: "cache.store.rejected", Count, "Operations that were not sent.";
    OPERATION_DURATION: "cache.store.operation.duration", Seconds, "How long the store took to answer.";
    IO: "cache.store.io", Bytes, "Bytes of values.";
    OVERSIZED: "cache.store.oversized", Count, "Values that the embedded store did not keep: they are too large for it.";
    COPIES_EVICTED: "cache.local.evictions", Count, "Local copies that made room for others.";
    COPIES_INVALIDATED: "cache.local.invalidations", Count, "Invalidations of keys that servers have pushed.";
    LEASES_LAPSED: "cache.local.lapses", Count, "Looks that waited for the lease of a local copy.";
    BREAKER_STATE: "cache.store.breaker.state", Count, "The breaker: 0 closed, 1 half open, 2 open.";
    BREAKER_OPENED: "cache.store.breaker.opened", Count, "How often the breaker has opened.";
    PENDING: "cache.invalidation.pending", Count, "Invalidations that the store has not confirmed yet.";
    DROPPED: "cache.invalidation.dropped", Count, "Pending invalidations that were dropped.";
    OUTBOX_INVALIDATED: "cache.outbox.invalidated", Count, "Changes of an outbox that were invalidated, and have left it.";
    OUTBOX_FAILURES: "cache.outbox.failures", Count, "Failures of the followers of an outbox.";
    OUTBOX_BACKLOG: "cache.outbox.backlog", Count, "Changes in an outbox.";
    OUTBOX_OLDEST: "cache.outbox.oldest", Seconds, "The age of the oldest change in an outbox.";
    OUTBOX_LAG: "cache.outbox.lag", Seconds, "How long after it was recorded a change had left its outbox.";
}
