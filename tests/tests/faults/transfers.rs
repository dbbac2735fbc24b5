//! Large values on a slow way: the calls that wait for them time out, and the server is well.

use std::time::Duration;

use cache_runtime::{Cache, Policy};
use cache_tests::{herd::counters, patience::eventually, server::RedisServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

const MIB: usize = 1 << 20;
const ROW: Policy = Policy::ttl(60).name("row");
const HUGE: Policy = Policy::ttl(60).name("huge");

/// How much the way carries at once in either direction, and the pause after that: about 6 MiB a second.
const PART: usize = 64 << 10;
const PAUSE: Duration = Duration::from_millis(10);

/// A way to the server that is slow for what is large. Returns its port.
async fn slow_way(server: &RedisServer) -> u16 {
    let (listener, port) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), server.port());
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(carry(from_client, to_server));
            tokio::spawn(carry(from_server, to_client));
        }
    });
    own
}

async fn carry(mut from: impl AsyncReadExt + Unpin, mut to: impl AsyncWriteExt + Unpin) {
    let mut part = vec![0; PART];
    while let Ok(read @ 1..) = from.read(&mut part).await {
        if to.write_all(&part[..read]).await.is_err() {
            return;
        }
        // What is small passes at once.
        if read > 4096 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    _ = copy(&mut from, &mut to).await;
}

/// Has the server make a value of so many bytes, none of which has to come from here.
fn plant(server: &RedisServer, bytes: usize) {
    server.command(&["SETRANGE", "huge", &(bytes - 1).to_string(), "x"]);
}

async fn over(port: u16) -> Cache {
    let cache = Cache::builder().url(&format!("redis://127.0.0.1:{port}"));
    // Three failures would be enough.
    cache.connections(4).breaker(3, Duration::from_secs(3_600)).build().await.expect("a good URL")
}

async fn read(cache: &Cache, id: usize) {
    let row = cache.get_or_load(format!("row:{id}"), &ROW, async || Some(id)).await;
    assert_eq!(row, Some(id));
}

#[tokio::test]
async fn a_value_that_does_not_come_in_time_closes_the_cache_to_nobody() {
    let server = RedisServer::start();
    plant(&server, 32 * MIB);
    let cache = over(slow_way(&server).await).await;
    for id in 0..100 {
        read(&cache, id).await;
    }
    let before = counters(&cache, "row");
    // It takes five seconds.
    for _ in 0..5 {
        let loaded = cache.get_or_load("huge", &HUGE, async || Some(7)).await;
        assert_eq!(loaded, Some(7), "it is not there in time");
        for id in 0..100 {
            read(&cache, id).await;
        }
    }
    let (store, after) = (cache.stats().store, counters(&cache, "row"));
    assert_eq!((store.opened, store.rejected), (0, 0));
    assert!(store.failures >= 5, "{store:?}");
    // Those behind it on its connection are loaded; there are four connections.
    let (hits, loads) = (after.hits - before.hits, after.loads - before.loads);
    assert!(hits > 250 && hits + loads == 500, "{hits} hits, {loads} loads");
}

#[tokio::test]
async fn neither_does_a_value_that_does_not_leave_in_time() {
    let server = RedisServer::start();
    let cache = over(slow_way(&server).await).await;
    let value = "x".repeat(16 * MIB);
    for id in 0..5 {
        let large = HUGE.max_bytes(usize::MAX);
        let loaded = cache.get_or_load(format!("huge:{id}"), &large, async || Some(value.clone()));
        assert_eq!(loaded.await.map(|value| value.len()), Some(16 * MIB));
    }
    assert_eq!((cache.stats().store.opened, cache.stats().store.rejected), (0, 0));
}

/// While nothing comes of it, the server is as good as gone.
#[tokio::test]
async fn a_server_that_hangs_amid_a_large_value_is_left_alone() {
    let server = RedisServer::start();
    plant(&server, 64 * MIB);
    let cache = Cache::connect(&server.url()).await.expect("a good URL");
    let huge = cache.get::<String>("huge");
    let hang = async {
        tokio::task::yield_now().await;
        server.pause();
    };
    let (answer, ()) = tokio::join!(huge, hang);
    assert!(answer.is_err());
    eventually("an open breaker", async || {
        _ = cache.get::<u32>("row:1").await;
        cache.stats().store.opened > 0
    })
    .await;
    server.resume();
}
