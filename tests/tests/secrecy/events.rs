//! What the cache writes to the log: spans and events about everything that it does, without the values in keys unless
//! they are asked for.

use std::{
    convert::Infallible,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use cache_runtime::{Cache, Policy, cached, write_through};
use cache_tests::{log::keep_all_events, patience::in_time, server::RedisServer};
use tokio::time::sleep;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

/// What is in each key, and is nobody's business.
const SECRET: &str = "hunter2";
const PLAIN: Policy = Policy::ttl(3600).name("direct");

/// Each event that is about a key, by its message.
const ABOUT_KEYS: [&str; 11] = [
    "a call was answered by the cache",
    "the cache has nothing for a call",
    "a load has failed",
    "a value is not stored",
    "an expired value stands in",
    "a cached entry cannot be decoded",
    "a cache key holds what is no entry",
    "a value cannot be cached",
    "an audited entry differs from its source",
    "a write has become a dead letter",
    "a write could not fence its cache key",
];

#[cached(key = "user:<id>", ttl = 3600, cache = cache, name = "users.find")]
async fn find(cache: &Cache, id: &str) -> Result<u64, &'static str> {
    tracing::info!("in the body");
    if id.ends_with("fails") { Err("the source fails") } else { Ok(1) }
}

#[write_through(key = "user:<id>", ttl = 3600, cache = cache, name = "users.save")]
async fn save(cache: &Cache, id: &str) -> Result<u64, Infallible> {
    _ = id;
    Ok(2)
}

/// The lines of a log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

/// All that is logged by a cache that does everything, whatever its level.
async fn logged(log_keys: bool) -> String {
    keep_all_events();
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(FmtSpan::NEW)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // The test has one thread, and so have the tasks of the cache.
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut server = RedisServer::start();
    let cache = Cache::builder().url(&server.url()).deadline(Duration::from_secs(10));
    let cache = cache.log_keys(log_keys).build().await.expect("the server is there");

    calls(&cache, &server).await;
    writes(&cache).await;
    server.kill();
    _ = save(&cache, SECRET).await;
    _ = find(&cache, &format!("{SECRET}-away")).await;
    String::from_utf8(log.0.lock().expect("no test panics with it").clone()).expect("text")
}

async fn calls(cache: &Cache, server: &RedisServer) {
    for id in [SECRET, SECRET, &format!("{SECRET}-fails")] {
        _ = find(cache, id).await;
    }
    let key = |what: &str| format!("{what}:{SECRET}");
    let one = || async { Ok::<_, Infallible>(1) };
    let rows = |ids: Vec<u64>| async move { Ok::<_, Infallible>(vec![(ids[0], 1)]) };
    _ = cache.get_or_load_many(&[1], |_| key("batch"), &PLAIN, rows).await;
    cache.try_put(key("user"), "no number", 60).await.expect("the server is there");
    _ = find(cache, SECRET).await;
    server.command(&["SET", &key("foreign"), "of another program"]);
    _ = cache.get_or_load(key("foreign"), &PLAIN, one).await;
    let overtaken = || async {
        cache.try_invalidate(key("overtaken")).await.expect("the server is there");
        Ok::<_, Infallible>(1)
    };
    _ = cache.get_or_load(key("overtaken"), &PLAIN, overtaken).await;
    let nan = || async { Ok::<_, Infallible>(vec![f64::NAN]) };
    _ = cache.get_or_load(key("nan"), &PLAIN, nan).await;
    for version in [1, 2] {
        let load = || async { Ok::<_, Infallible>(version) };
        _ = cache.get_or_load(key("audited"), &PLAIN.audit(1.0), load).await;
    }
    const TTL: Duration = Duration::from_millis(20);
    for fails in [false, true] {
        let load = || async move { if fails { Err("the source fails") } else { Ok(1) } };
        let policy = Policy::ttl_duration(TTL).stale_if_error(3600);
        _ = cache.get_or_load(key("stale"), &policy, load).await;
        // A real duration is the subject.
        sleep(TTL).await;
    }
}

async fn writes(cache: &Cache) {
    _ = save(cache, SECRET).await;
    let queue = cache.write_behind("queue", &PLAIN).attempts(1);
    for (id, value) in [(1, 1), (2, 13)] {
        let key = format!("queued:{SECRET}-{id}");
        queue.write(key, &value).await.expect("the server is there");
    }
    let flusher = queue.flusher(|batch: Vec<u64>| async move {
        if batch.contains(&13) { Err("13 breaks a constraint") } else { Ok(()) }
    });
    in_time("the flush", flusher.shutdown()).await;
}

#[tokio::test]
async fn no_value_of_a_key_is_logged() {
    let log = logged(false).await;
    for message in ABOUT_KEYS {
        assert!(log.contains(message), "it did not come to this: {message}");
    }
    for line in log.lines() {
        assert!(!line.contains(SECRET), "{line}");
    }
    let of_the_function = r#"function="users.find" template="user:<id>""#;
    assert!(
        log.lines()
            .any(|line| line.contains("a load has failed") && line.contains(of_the_function))
    );
    // The body runs in a span, which whatever it logs is in.
    let span = format!("cache.load{{{of_the_function}}}: ");
    let inside = |line: &&str| line.contains("in the body") && line.contains(&span);
    assert_eq!(log.lines().filter(inside).count(), 4, "once for each load");
}

#[tokio::test]
async fn keys_are_logged_where_that_is_asked_for() {
    let log = logged(true).await;
    for message in ABOUT_KEYS {
        let mut lines = log.lines().filter(|line| line.contains(message)).peekable();
        assert!(lines.peek().is_some(), "it did not come to this: {message}");
        lines.for_each(|line| assert!(line.contains(SECRET), "{line}"));
    }
    assert!(log.contains(r#"key="user:hunter2""#));
}
