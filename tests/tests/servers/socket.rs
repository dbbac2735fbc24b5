//! A server over a Unix socket: every strategy, logins and databases, restarts, and what is said where there is no socket.

use std::path::PathBuf;

use cache_runtime::{Cache, Policy};
use cache_tests::{direct::Direct, herd::counters, patience::eventually, server::RedisServer};

const ROW: Policy = Policy::ttl(60).lock().name("row");

/// A server with a socket, and the path of that.
fn start() -> (RedisServer, PathBuf) {
    let name = format!("cache-{}-{}.sock", std::process::id(), fastrand::u64(..));
    let path = std::env::temp_dir().join(name);
    let server = RedisServer::start_with(&settings(&path));
    (server, path)
}

/// As in Debian's `/etc/redis/redis.conf`.
fn settings(path: &std::path::Path) -> [&str; 8] {
    let path = path.to_str().expect("a path of UTF-8");
    ["--unixsocket", path, "--unixsocketperm", "770", "--save", "", "--appendonly", "no"]
}

async fn read(cache: &Cache, id: u64) -> u64 {
    cache.get_or_load(format!("row:{id}"), &ROW, || async move { Some(id) }).await.unwrap_or(0)
}

/// What the server holds, asked over TCP.
async fn held(server: &RedisServer, key: &str) -> bool {
    !Direct::to(server).await.get(key).await.is_empty()
}

#[tokio::test]
async fn a_server_is_reached_over_its_socket() {
    let (server, path) = start();
    for scheme in ["redis+unix", "valkey+unix", "unix"] {
        let url = format!("{scheme}://{}?deadline=10s", path.display());
        let cache = Cache::builder().url(&url).namespace(scheme).connections(4);
        let cache = cache.build().await.expect("a good URL");
        assert!(format!("{cache:?}").contains(path.to_str().expect("UTF-8")), "{cache:?}");
        assert_eq!((read(&cache, 7).await, read(&cache, 7).await), (7, 7));
        assert_eq!((counters(&cache, "row").loads, counters(&cache, "row").hits), (1, 1));
        cache.try_put("put", &1, 60).await.expect("the server answers");
        cache.fence(["put"]).await.confirmed().await.expect("it is fenced").settle().await;
        assert_eq!(cache.get::<u32>("put").await, Ok(None));
        assert!(held(&server, &format!("{scheme}:row:7")).await);
        assert_eq!(cache.stats().store.failures, 0);
        let clients = server.command(&["CLIENT", "LIST"]);
        let over_sockets = clients.matches(" flags=U ").count();
        assert!(over_sockets >= 4, "it has four connections: {clients}");
    }
}

#[tokio::test]
async fn user_password_and_database_are_those_of_the_url() {
    let (server, path) = start();
    server.command(&["ACL", "SETUSER", "shop", "on", ">p@ss/word", "~*", "+@all"]);
    server.command(&["CONFIG", "SET", "requirepass", "s3cret"]);
    let path = path.display();
    for url in [
        format!("redis+unix://shop:p%40ss%2Fword@{path}?db=3&deadline=10s"),
        format!("redis+unix://{path}?user=shop&password=p%40ss%2Fword&db=3&deadline=10s"),
    ] {
        let cache = Cache::connect(&url).await.expect("a good URL");
        cache.try_put("key", &7, 60).await.expect("it has logged in");
        assert_eq!(cache.get("key").await, Ok(Some(7)));
        cache.try_invalidate("key").await.expect("it has logged in");
        assert!(!format!("{cache:?}").contains("p@ss"), "{cache:?}");
    }
    let by_default = Cache::connect(&format!("unix://:s3cret@{path}?deadline=10s")).await.unwrap();
    by_default.try_put("key", &7, 60).await.expect("it has logged in");
    let wrong = Cache::connect(&format!("unix://shop:no@{path}?deadline=10s")).await.unwrap();
    let error = wrong.try_put("key", &7, 60).await.expect_err("a wrong password").to_string();
    assert!(error.contains("authentication failed") && !error.contains("shop:no"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_restarted_is_used_again() {
    let (mut server, path) = start();
    let url = format!("redis+unix://{}?deadline=10s", path.display());
    let cache = Cache::connect(&url).await.expect("a good URL");
    assert_eq!(read(&cache, 7).await, 7);
    server.kill();
    assert_eq!(read(&cache, 7).await, 7, "the source answers");
    assert_eq!(counters(&cache, "row").loads, 2);
    server.start_again(&settings(&path));
    eventually("a hit", async || {
        read(&cache, 7).await;
        counters(&cache, "row").hits > 0
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_said_to_be_missing_and_used_when_it_is() {
    let path = std::env::temp_dir().join(format!("cache-{}-missing.sock", std::process::id()));
    let cache = Cache::connect(&format!("redis+unix://{}?deadline=10s", path.display())).await;
    let cache = cache.expect("a server that cannot be reached is no error");
    let error = cache.get::<u32>("key").await.expect_err("there is no server").to_string();
    let what = format!("there is no socket {}", path.display());
    assert!(error.contains(&what) && error.contains("unixsocket"), "{error}");
    assert_eq!(read(&cache, 7).await, 7, "the source answers");

    let _server = RedisServer::start_with(&settings(&path));
    eventually("an answer", async || cache.try_put("key", &7, 60).await.is_ok()).await;
    assert_eq!(cache.get("key").await, Ok(Some(7)));
}

/// A file that a server has left, and one that is none of a server.
#[tokio::test]
async fn a_socket_without_a_server_is_said_to_be_one() {
    let path = std::env::temp_dir().join(format!("cache-{}-left.sock", std::process::id()));
    drop(std::os::unix::net::UnixListener::bind(&path).expect("the folder is writable"));
    let cache = Cache::connect(&format!("redis+unix://{}?deadline=10s", path.display())).await;
    let error = cache.expect("a good URL").get::<u32>("key").await.expect_err("no server");
    assert!(error.to_string().contains("no server listens at the socket"), "{error}");
    std::fs::remove_file(&path).expect("it is there");
}
