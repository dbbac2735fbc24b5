//! What local copies cost on the wire: nothing for a hit, and what keeps their lease.

use std::{
    collections::HashMap,
    convert::Infallible,
    time::{Duration, Instant},
};

use cache_runtime::{Builder, Cache, cached};
use cache_tests::{
    herd::counters,
    patience::{eventually, in_time},
    server::RedisServer,
    stores::{DEADLINE, built},
    wire::Wire,
};
use tokio::{
    task::JoinSet,
    time::{interval, sleep},
};

/// So long that no lease lapses within a test.
const ALWAYS: Duration = Duration::from_secs(3600);

/// A cache by way of a wire.
async fn connect(with: impl FnOnce(Builder) -> Builder) -> (RedisServer, Wire, Cache) {
    let server = RedisServer::start();
    let wire = Wire::to(&server).await;
    let cache = Cache::builder().url(&wire.url()).connections(1).deadline(DEADLINE);
    (server, wire, built(with(cache)).await)
}

#[cached(key = "row:<id>", ttl = 3600, local, cache = cache, name = "find")]
async fn find(cache: &Cache, id: u64) -> u64 {
    id
}

#[cached(key = "tagged:<id>", ttl = 3600, local, tags = ["a", "b"], cache = cache, name = "tagged")]
async fn tagged(cache: &Cache, id: u64) -> u64 {
    id
}

#[cached(key = "row:<ids>", each = ids, ttl = 3600, local, cache = cache, name = "many")]
async fn many(cache: &Cache, ids: &[u64]) -> Result<HashMap<u64, u64>, Infallible> {
    Ok(ids.iter().map(|&id| (id, id)).collect())
}

fn local_hits(cache: &Cache, name: &str) -> u64 {
    counters(cache, name).local_hits
}

/// Calls until there is a copy.
async fn copied(cache: &Cache, name: &str, call: impl AsyncFn() -> u64) {
    eventually("a hit is local", async || {
        let before = local_hits(cache, name);
        call().await;
        local_hits(cache, name) > before
    })
    .await;
}

/// How often clients have sent a command.
fn sent(server: &RedisServer, command: &str) -> u64 {
    server.calls().get(command).copied().unwrap_or(0)
}

#[tokio::test]
async fn a_hit_of_a_copy_sends_nothing() {
    let (_server, wire, cache) =
        connect(|cache| cache.local_lease(ALWAYS).namespace("shop").incarnations(false)).await;
    copied(&cache, "find", async || find(&cache, 1).await).await;
    copied(&cache, "tagged", async || tagged(&cache, 1).await).await;
    let before = local_hits(&cache, "find") + local_hits(&cache, "tagged");
    let (_, counts) = wire
        .during(async {
            for _ in 0..500 {
                assert_eq!((find(&cache, 1).await, tagged(&cache, 1).await), (1, 1));
            }
        })
        .await;
    assert_eq!((counts.requests, counts.round_trips), (0, 0));
    assert_eq!(local_hits(&cache, "find") + local_hits(&cache, "tagged"), before + 1000);
}

#[tokio::test]
async fn a_batch_of_which_most_is_copied_asks_for_the_rest() {
    let (server, wire, cache) =
        connect(|cache| cache.local_lease(ALWAYS).incarnations(false)).await;
    let ids: Vec<u64> = (0..100).collect();
    let all = || ids.iter().map(|&id| (id, id)).collect();
    let Ok(_) = many(&cache, &ids).await;
    eventually("ninety are copied", async || {
        let before = local_hits(&cache, "many");
        let Ok(found) = many(&cache, &ids[..90]).await;
        assert_eq!(found.len(), 90);
        local_hits(&cache, "many") == before + 90
    })
    .await;
    let gets = |server: &RedisServer| (sent(server, "get"), sent(server, "mget"));
    let before = gets(&server);
    let (found, counts) = wire.during(many(&cache, &ids)).await;
    assert_eq!(found, Ok(all()));
    // One message: the wish for copies, the read, and the ttl of each key.
    assert_eq!((counts.round_trips, counts.requests), (1, 2 + 10));
    assert_eq!(gets(&server), (before.0, before.1 + 1));
    let (found, counts) = wire.during(many(&cache, &ids)).await;
    assert_eq!((found, counts.requests), (Ok(all()), 0));
}

#[tokio::test]
async fn a_lease_is_kept_by_few_messages_and_by_none_when_nobody_reads() {
    const SECONDS: u64 = 3;
    let (server, _wire, cache) = connect(|cache| cache).await;
    copied(&cache, "find", async || find(&cache, 1).await).await;
    let (before, hits, began) = (sent(&server, "ping"), local_hits(&cache, "find"), Instant::now());
    let gets = (sent(&server, "get"), sent(&server, "mget"));
    let mut paces = interval(Duration::from_millis(1));
    for _ in 0..1_000 * SECONDS {
        paces.tick().await;
        assert_eq!(find(&cache, 1).await, 1);
    }
    let (took, pings) = (began.elapsed(), sent(&server, "ping") - before);
    println!("{pings} renewals in {took:?}");
    // One begins when a third of 200 ms has passed.
    assert!(pings as f64 <= took.as_secs_f64() * 15.0 + 1.0, "{pings} renewals in {took:?}");
    assert!(pings > 0, "nothing kept the lease");
    assert_eq!(local_hits(&cache, "find") - hits, 1_000 * SECONDS);
    assert_eq!((sent(&server, "get"), sent(&server, "mget")), gets);

    // The last one may be on its way.
    sleep(Duration::from_millis(200)).await;
    let before = sent(&server, "ping");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(sent(&server, "ping"), before, "nobody reads");
}

#[tokio::test]
async fn a_lapsed_lease_costs_a_thousand_callers_one_message() {
    const LEASE: Duration = Duration::from_secs(1);
    let (server, wire, cache) = connect(|cache| cache.local_lease(LEASE).incarnations(false)).await;
    copied(&cache, "find", async || find(&cache, 1).await).await;
    sleep(LEASE).await;
    let (pings, hits) = (sent(&server, "ping"), local_hits(&cache, "find"));
    let herd = async {
        let mut callers = JoinSet::new();
        for _ in 0..1_000 {
            let cache = cache.clone();
            callers.spawn(async move { assert_eq!(find(&cache, 1).await, 1) });
        }
        in_time("the callers", callers.join_all()).await;
    };
    let (_, counts) = wire.during(herd).await;
    assert_eq!((counts.round_trips, counts.requests), (1, 1));
    assert_eq!(sent(&server, "ping") - pings, 1);
    assert_eq!(local_hits(&cache, "find") - hits, 1_000);
}
