//! The lease of a process that is killed: over within a second, as the server counts it, and one load answers.

use std::time::Duration;

use cache_runtime::{Cache, Policy};
use cache_tests::{dialogue::Dialogue, herd::counters, patience::in_time, server::RedisServer};

const KEY: &str = "locked:7";
const LOCKED: Policy = Policy::ttl(60).lock().name("locked");

/// By default a lease stands for so many milliseconds.
const LIFE: i64 = 1_000;

/// How long the server will keep what is under the key: `-2` where there is nothing.
fn left(server: &RedisServer) -> i64 {
    let reply = server.command(&["PTTL", KEY]);
    reply.trim().trim_start_matches(':').parse().expect("a number")
}

/// A process that loads the row, and has renewed its lease so many times at least.
async fn holder(server: &RedisServer, renewals: usize) -> Dialogue {
    loop {
        let worker = env!("CARGO_BIN_EXE_race-worker");
        let mut holder = Dialogue::with_process(worker, &[&server.url()]).expect("it is built");
        holder.say("read locked a").await;
        // The test never answers.
        holder.hear("query a").await;
        let (mut renewed, mut before) = (0, left(server));
        while renewed < renewals && before > 0 {
            let now = left(server);
            assert!(now <= LIFE, "a lease of {now} ms");
            renewed += usize::from(now > before);
            before = now;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // A machine that has stopped the process for a second has cost it its lease.
        if before > 0 {
            return holder;
        }
    }
}

#[tokio::test]
async fn a_killed_process_holds_others_up_for_a_second_at_most() {
    let server = RedisServer::start();
    let cache = Cache::connect(&server.patient_url()).await.expect("a good URL");
    let holder = holder(&server, 6).await;
    // By SIGKILL.
    drop(holder);
    let left = left(&server);
    assert!(left <= LIFE, "the lease stands for another {left} ms");
    for _ in 0..2 {
        let read = cache.get_or_load(KEY, &LOCKED, async || Some(7));
        assert_eq!(in_time("the answer", read).await, Some(7));
    }
    let counted = counters(&cache, "locked");
    assert_eq!((counted.loads, counted.hits), (1, 1), "the one load was stored");
}
