//! What a write costs: one round trip before the body and one after it, however many keys and tags there are.

use std::time::Duration;

use cache_runtime::{Cache, write_through};
use cache_tests::{
    gate::Gate,
    patience::{eventually, in_time},
    server::RedisServer,
    source::Source,
};

use super::{User, held, user};

#[write_through(key = "user:<id>", ttl = 60, cache = cache)]
async fn alone(cache: &Cache, id: u64, source: &Source) -> User {
    source.query().await;
    user(id, "Ann")
}

#[write_through(
    key = "user:<id>",
    ttl = 60,
    invalidates("by-name:Ann", "by-mail:<id>", "at:<return.id>"),
    tags("users", "names", "name:<return.name>"),
    tags = ["users", "tenant:7"],
    cache = cache,
)]
async fn together(cache: &Cache, id: u64, source: &Source) -> User {
    source.query().await;
    user(id, "Ann")
}

/// A cache whose answers a test can hold back, for as long as it takes.
async fn gated(server: &RedisServer, namespace: Option<&str>) -> (Gate, Cache) {
    let gate = Gate::before(server.port()).await;
    let minute = Duration::from_secs(60);
    // A fence that lives long is not renewed meanwhile.
    let mut cache = Cache::builder().url(&gate.url()).deadline(minute).fence_time(10 * minute);
    if let Some(namespace) = namespace {
        cache = cache.namespace(namespace);
    }
    (gate, cache.build().await.expect("the server is there"))
}

/// How many scripts the server has been asked to run.
fn scripts(server: &RedisServer) -> u64 {
    let stats = server.command(&["INFO", "commandstats"]);
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    let calls = line.and_then(|line| line.split(',').next());
    calls.map_or(0, |calls| calls.parse().expect("a number of calls"))
}

/// Waits until the server has run so many scripts, though none of its answers arrives.
async fn unanswered(server: &RedisServer, expected: u64) {
    let what = format!("{expected} scripts without an answer");
    eventually(&what, async || scripts(server) >= expected).await;
    assert_eq!(scripts(server), expected);
}

/// Makes one write, and sees that `before` steps are sent at once before its body, and `after` at once after it.
async fn two_round_trips(
    server: &RedisServer,
    gate: &Gate,
    (before, after): (u64, u64),
    write: impl AsyncFnOnce(&Source) -> User,
) {
    let begin = scripts(server);
    let source = Source::held();
    gate.close();
    let test = async {
        unanswered(server, begin + before).await;
        assert_eq!(source.queries(), 0, "the body has to wait for the fences");
        gate.open();
        source.asked(1).await;
        gate.close();
        source.answer_all();
        unanswered(server, begin + before + after).await;
        gate.open();
    };
    let both = async { tokio::join!(write(&source), test) };
    let (written, ()) = in_time("the write", both).await;
    assert_eq!(written, user(1, "Ann"));
    assert_eq!(scripts(server), begin + before + after, "and nothing else");
}

#[tokio::test]
async fn a_write_through_is_two_round_trips() {
    let server = RedisServer::start();
    let (gate, cache) = gated(&server, None).await;
    // The key is fenced and settled.
    two_round_trips(&server, &gate, (1, 1), async |source| alone(&cache, 1, source).await).await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "Ann")));
    // Three keys and two tags are fenced, a stamp is asked for; two more are emptied in the end.
    let counts = (3 + 2 + 1, 3 + 2 + 2);
    two_round_trips(&server, &gate, counts, async |source| together(&cache, 1, source).await).await;
    let tagged = cache.tagged(["users", "tenant:7"]);
    assert_eq!(tagged.get("user:1").await, Ok(Some(user(1, "Ann"))));
}

#[tokio::test]
async fn a_namespace_costs_no_round_trip() {
    let server = RedisServer::start();
    let (gate, cache) = gated(&server, Some("shop")).await;
    two_round_trips(&server, &gate, (2, 1), async |source| alone(&cache, 1, source).await).await;
    assert_eq!(held(&cache, 1).await, Some(user(1, "Ann")));
}

#[tokio::test]
async fn tags_are_invalidated_in_one_round_trip() {
    let server = RedisServer::start();
    let (gate, cache) = gated(&server, None).await;
    let begin = scripts(&server);
    gate.close();
    let tags = ["a", "b", "c", "d", "e"];
    let test = async {
        unanswered(&server, begin + 5).await;
        gate.open();
    };
    let (invalidated, ()) = tokio::join!(cache.try_invalidate_tags(tags), test);
    assert_eq!(invalidated, Ok(()));
    assert_eq!(scripts(&server), begin + 5);
}
