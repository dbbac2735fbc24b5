//! What a cache says of itself: its statistics, its metrics and the server agree on a counted workload, and the
//! documents on the names.
//!
//! One test, for a process has one recorder.

mod documents;
mod outbox;
mod recorder;
mod workload;

use std::collections::BTreeMap;

use cache_runtime::{Breaker, Cache, FunctionStats, StoreStats};
use cache_tests::{
    patience::eventually,
    server::RedisServer,
    wire::{Counts, Wire},
};

use self::{
    recorder::{Recorder, Seen},
    workload::{Asked, Calls},
};

#[tokio::test]
async fn all_that_is_said_of_a_workload_agrees() {
    let mut server = RedisServer::start();
    let wire = Wire::to(&server).await;
    // Two processes, as far as the server can tell.
    let caches = [workload::cache(&wire).await, workload::cache(&wire).await];
    let (early, late) = (&caches[0], &caches[1]);
    let (connected, before) = (wire.counts().requests, server.calls());

    let mut calls = Calls::default();
    let asked = workload::ordinary(early, &mut calls).await;
    commands_are_counted_as_the_server_counts(early, &server, &before, &asked);

    // The recorder comes late, and is told what was counted before.
    let recorder = Recorder::install();
    workload::together(early, late, &mut calls).await;
    workload::stale(early, &mut calls).await;
    workload::queued(early).await;
    outbox::followed(early).await;
    eventually("each operation is a request", async || {
        operations(&caches) == wire.counts().requests - connected
    })
    .await;
    let Counts { requests, .. } = wire.counts();
    workload::flushed(early).await;
    assert!(wire.counts().requests > requests, "a flusher's own are not among them");

    workload::local(early, &mut calls).await;

    server.kill();
    workload::out(early, &mut calls).await;
    server.restart_empty();
    eventually("all invalidations are delivered", async || {
        let well = |store: StoreStats| {
            store.breaker == Breaker::Closed && store.pending_invalidations == 0
        };
        caches.iter().all(|cache| well(cache.stats().store))
    })
    .await;

    // Nothing runs between these looks: the runtime has one thread, and none of them waits.
    each_call_is_counted_once(&caches, &calls);
    let seen = recorder.seen();
    metrics_agree(&caches, &seen);
    documents::name_what_is_seen(&seen);
}

fn operations(caches: &[Cache]) -> u64 {
    caches.iter().map(|cache| cache.stats().store.operations).sum()
}

/// The server counts what its scripts call as well, which is known for each of them.
fn commands_are_counted_as_the_server_counts(
    cache: &Cache,
    server: &RedisServer,
    before: &BTreeMap<String, u64>,
    asked: &Asked,
) {
    let after = server.calls();
    let called = |command: &str| {
        let calls = |of: &BTreeMap<String, u64>| of.get(command).copied().unwrap_or(0);
        calls(&after) - calls(before)
    };
    let Asked { reads, many_reads, leases, stamps, scripts, stored, fences, bytes } = *asked;
    assert_eq!(called("get"), reads + stamps, "a script that makes a stamp looks first");
    assert_eq!(called("mget"), many_reads);
    assert_eq!(called("set"), leases + stamps + stored + fences);
    assert_eq!(called("evalsha"), scripts);
    let StoreStats { operations, failures, bytes_read, bytes_written, time, .. } =
        cache.stats().store;
    assert_eq!(operations, reads + many_reads + leases + scripts);
    assert_eq!(failures, 0);
    assert_eq!((bytes_read, bytes_written), bytes, "as the values are written");
    assert!(time.count < operations, "what goes out together is timed once");
    assert!(time.p50_us <= time.p99_us && time.p99_us <= time.max_us && time.max_us > 0);
}

fn each_call_is_counted_once(caches: &[Cache; 2], calls: &Calls) {
    for (name, called) in calls {
        let rows = caches.iter().filter_map(|cache| cache.stats().function(name).cloned());
        let answered = |row: FunctionStats| {
            row.hits + row.negative_hits + row.stale_hits + row.misses + row.bypassed
        };
        assert_eq!(rows.map(answered).sum::<u64>(), *called, "calls of {name}");
    }
}

/// Each number of the statistics is that of its series.
fn metrics_agree(caches: &[Cache; 2], seen: &Seen) {
    let mut expected = BTreeMap::new();
    for cache in caches {
        let stats = cache.stats();
        stats.functions.iter().for_each(|row| recorder::expect_function(row, &mut expected));
        stats.outboxes.iter().for_each(|row| recorder::expect_outbox(row, &mut expected));
        recorder::expect_store(&stats.store, &mut expected);
    }
    let counted = seen.counters.iter().filter(|(_, value)| **value > 0);
    assert_eq!(counted.map(|(k, v)| (k.clone(), *v)).collect::<BTreeMap<_, _>>(), expected);

    // Times are not told again to a recorder that comes late, so these are of what came after it.
    let waits: u64 = caches.iter().map(|c| c.stats().total().lock_wait_time.count).sum();
    assert_eq!(waits, 1);
    assert_eq!(seen.times["cache.lock.wait.duration{cache.function=herd}"].len(), 1);
    let of = |cache: &Cache, name| cache.stats().function(name).cloned().unwrap_or_default();
    let failing = of(&caches[0], "forgiving");
    assert_eq!(failing.load_time.count, failing.loads, "failed runs are timed too");
    for (outcome, runs) in
        [("ok", failing.loads - failing.load_failures), ("error", failing.load_failures)]
    {
        let series =
            format!("cache.load.duration{{cache.function=forgiving,cache.outcome={outcome}}}");
        assert_eq!(seen.times[&series].len() as u64, runs);
    }
    assert_eq!(seen.times["cache.outbox.lag{cache.outbox=users}"].len(), 3);
    // As they were when the follower last looked.
    let row = &caches[0].stats().outboxes[0];
    assert_eq!(seen.gauges["cache.outbox.backlog{cache.outbox=users}"], row.backlog as f64);
    let oldest = seen.gauges["cache.outbox.oldest{cache.outbox=users}"];
    assert_eq!(oldest, row.oldest_ms as f64 / 1000.0);
    assert_eq!(seen.gauges["cache.store.breaker.state"], 0.0);
    assert_eq!(seen.gauges["cache.invalidation.pending"], 0.0);
}
