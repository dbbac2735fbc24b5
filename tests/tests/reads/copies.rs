//! Local copies over a server: what they cost it, what other processes' writes do to them, and who keeps none.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use cache_runtime::{Builder, Cache, cached, invalidates};
use cache_tests::{herd::counters, patience::eventually, server::RedisServer, stores::built};

const LEASE: Duration = Duration::from_millis(200);

/// A row that several processes read and write; each is a cache of its own here.
#[derive(Clone)]
struct Process {
    cache: Cache,
    row: Arc<AtomicU64>,
}

impl Process {
    #[cached(key = "row:<id>", ttl = 3600, lock, local, cache = self.cache, name = "read")]
    async fn read(&self, id: u64) -> u64 {
        _ = id;
        self.row.load(Ordering::SeqCst)
    }

    #[invalidates("row:<id>", cache = self.cache)]
    async fn write(&self, id: u64) -> u64 {
        _ = id;
        self.row.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn local_hits(&self) -> u64 {
        counters(&self.cache, "read").local_hits
    }

    /// Reads until a hit is local.
    async fn read_locally(&self, id: u64) -> u64 {
        let mut read = 0;
        eventually("a hit is local", async || {
            let before = self.local_hits();
            read = self.read(id).await;
            self.local_hits() > before
        })
        .await;
        read
    }
}

async fn processes<const N: usize>(settings: [impl Fn(Builder) -> Builder; N]) -> [Process; N] {
    let row = Arc::<AtomicU64>::default();
    let mut processes = Vec::new();
    for settings in settings {
        let cache = built(settings(Cache::builder().namespace("copies"))).await;
        processes.push(Process { cache, row: Arc::clone(&row) });
    }
    processes.try_into().unwrap_or_else(|_| unreachable!("there are as many"))
}

fn patient(server: &RedisServer) -> impl Fn(Builder) -> Builder + use<> {
    let url = server.url();
    move |builder| builder.url(&url).deadline(Duration::from_secs(5))
}

#[tokio::test]
async fn a_local_hit_asks_the_server_for_nothing() {
    let server = RedisServer::start();
    let [process] = processes([patient(&server)]).await;
    process.read_locally(1).await;
    let (before, local) = (server.calls(), process.local_hits());
    let mut hits = 0;
    let began = Instant::now();
    while hits < 10_000 {
        process.read(1).await;
        hits += 1;
    }
    let took = began.elapsed();
    let after = server.calls();
    let more = |command: &str| after.get(command).unwrap_or(&0) - before.get(command).unwrap_or(&0);
    // A lease that lapses while the machine is busy costs a look, which is not counted as local.
    assert!(process.local_hits() - local >= 9_900, "{}", process.local_hits() - local);
    assert_eq!((more("get"), more("mget")), (0, 0));
    // Three in each lease, and one more at either end.
    let most = 2 + 3 * took.as_millis() / LEASE.as_millis();
    assert!(u128::from(more("ping")) <= most, "{} in {took:?}", more("ping"));
}

#[tokio::test]
async fn nobody_is_asked_anything_while_nobody_reads() {
    let server = RedisServer::start();
    let [process] = processes([patient(&server)]).await;
    process.read_locally(1).await;
    // What was asked for by the last hit.
    tokio::time::sleep(LEASE).await;
    let before = server.calls().get("ping").copied();
    tokio::time::sleep(3 * LEASE).await;
    assert_eq!(server.calls().get("ping").copied(), before);
}

#[tokio::test]
async fn a_lapsed_lease_costs_a_thousand_callers_one_message() {
    let server = RedisServer::start();
    let [process] = processes([patient(&server)]).await;
    process.read_locally(1).await;
    tokio::time::sleep(2 * LEASE).await;
    let before = server.calls().get("ping").copied().unwrap_or(0);
    let callers = (0..1000).map(|_| process.read(1));
    let read = futures_util::future::join_all(callers).await;
    assert!(read.iter().all(|&row| row == 0));
    assert_eq!(server.calls()["ping"], before + 1);
    let stats = process.cache.stats();
    assert_eq!(stats.store.lapsed_leases, 1000);
    // The row, and the namespace's stamp.
    assert_eq!(stats.store.copies, 2);
    assert!(stats.store.copy_bytes > 0);
}

#[tokio::test]
async fn what_another_process_writes_ends_a_copy() {
    let server = RedisServer::start();
    let [reader, writer] = processes([patient(&server), patient(&server)]).await;
    for _ in 0..50 {
        reader.read_locally(1).await;
        let written = writer.write(1).await;
        let until = Instant::now() + LEASE;
        loop {
            let began = Instant::now();
            if reader.read(1).await == written {
                break;
            }
            assert!(began < until, "it is behind by more than a lease");
        }
    }
    assert!(reader.cache.stats().store.copies_invalidated >= 50);
    // A process's own writes are never missed.
    for _ in 0..50 {
        reader.read_locally(1).await;
        let written = reader.write(1).await;
        assert_eq!(reader.read(1).await, written);
    }
}

#[tokio::test]
async fn in_strict_mode_no_hit_is_behind_a_write() {
    let server = RedisServer::start();
    let strict = || {
        let patient = patient(&server);
        move |builder: Builder| {
            patient(builder).local_strict(true).local_lease(Duration::from_millis(50))
        }
    };
    let [reader, writer] = processes([strict(), strict()]).await;
    for _ in 0..20 {
        reader.read_locally(1).await;
        let began = Instant::now();
        let written = writer.write(1).await;
        assert!(began.elapsed() >= Duration::from_millis(50), "it waits for others' leases");
        assert_eq!(reader.read(1).await, written);
        reader.read_locally(1).await;
        writer.cache.invalidate("row:1").await;
        writer.cache.flush_namespace().await;
    }
    // What is said of all of them, by those who wait for nobody's copies.
    assert!(server.command(&["GET", "copies:#local"]).contains("strict 50ms"));
}

#[tokio::test]
async fn a_process_that_is_set_up_in_another_way_keeps_no_copies_and_waits() {
    let server = RedisServer::start();
    let (first, second) = (patient(&server), patient(&server));
    let [strict] = processes([move |builder| first(builder).local_strict(true)]).await;
    strict.read_locally(1).await;
    let [bounded] = processes([second]).await;
    for _ in 0..100 {
        bounded.read(1).await;
    }
    assert_eq!(bounded.local_hits(), 0);
    let began = Instant::now();
    bounded.write(1).await;
    assert!(began.elapsed() >= LEASE, "it waits as the others ask");
}

#[tokio::test]
async fn copies_can_be_switched_off_and_on() {
    let server = RedisServer::start();
    let [process] = processes([patient(&server)]).await;
    process.read_locally(1).await;
    process.cache.switch_local(false);
    let hits = process.local_hits();
    for _ in 0..100 {
        process.read(1).await;
    }
    assert_eq!((process.local_hits(), process.cache.stats().store.copies), (hits, 0));
    process.cache.switch_local(true);
    process.read_locally(1).await;
}

#[tokio::test]
async fn without_local_nothing_changes_on_the_wire() {
    let server = RedisServer::start();
    let [process] = processes([patient(&server)]).await;
    let load = || async { Ok::<_, String>(1) };
    for _ in 0..10 {
        let policy = cache_runtime::Policy::ttl(60);
        process.cache.get_or_load("row:2", &policy, load).await.expect("it is loaded");
    }
    process.write(2).await;
    let calls = server.calls();
    for command in ["hello", "ping", "pttl", "client|tracking", "client|caching"] {
        assert_eq!(calls.get(command), None, "{command}");
    }
}

#[tokio::test]
async fn an_account_that_may_not_track_keys_has_no_copies() {
    let server = RedisServer::start();
    server.command(&[
        "ACL",
        "SETUSER",
        "app",
        "on",
        ">s3cret",
        "~copies:*",
        "+@all",
        "-client|tracking",
    ]);
    let url = server.url().replace("redis://", "redis://app:s3cret@");
    let app = move |builder: Builder| builder.url(&url).deadline(Duration::from_secs(5));
    let [process] = processes([app]).await;
    for _ in 0..100 {
        process.read(1).await;
    }
    assert_eq!((process.local_hits(), counters(&process.cache, "read").loads), (0, 1));
    server.command(&["ACL", "SETUSER", "app", "+@all"]);
    let url = server.url().replace("redis://", "redis://app:s3cret@");
    let app = move |builder: Builder| builder.url(&url).deadline(Duration::from_secs(5));
    let [allowed] = processes([app]).await;
    allowed.read_locally(1).await;
}
