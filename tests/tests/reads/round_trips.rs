//! What calls cost on the wire: how often each waits for the server.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use cache_runtime::{Cache, KeyStatus, Policy};
use cache_tests::{
    patience::{eventually, in_time},
    rows::get_or,
    server::RedisServer,
    source::Source,
    stores::{DEADLINE, built},
    wire::{Counts, Wire},
};
use futures_util::future::{FutureExt, join_all};
use tokio::{runtime::Builder, time::sleep};

const ROW: Policy = Policy::ttl(3600).lock().name("row");
const TAGS: [&str; 3] = ["tenant:7", "plan:free", "region:eu"];

/// A cache over one connection, for what goes out together over several is seen as one round trip only if none of
/// them answers before the last is asked.
async fn connect() -> (RedisServer, Wire, Cache) {
    let server = RedisServer::start();
    let wire = Wire::to(&server).await;
    let cache = built(Cache::builder().url(&wire.url()).connections(1).deadline(DEADLINE)).await;
    (server, wire, cache)
}

fn trips(round_trips: u64, requests: u64) -> Counts {
    Counts { round_trips, requests }
}

#[tokio::test]
async fn a_hit_waits_once_and_a_miss_three_times() {
    let (_server, wire, cache) = connect().await;
    // It looks, takes a lease, and stores.
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await.1, trips(3, 3));
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await.1, trips(1, 1));
}

#[tokio::test]
async fn with_three_tags_it_is_the_same() {
    let (_server, wire, cache) = connect().await;
    // One message looks at all four keys; then each tag is asked for its stamp with the lease, and looked at again
    // when the value is stored.
    assert_eq!(wire.during(get_or(&cache, &TAGS, "row:1", &ROW, 1)).await.1, trips(3, 1 + 4 + 4));
    assert_eq!(wire.during(get_or(&cache, &TAGS, "row:1", &ROW, 1)).await.1, trips(1, 1));
}

#[tokio::test]
async fn what_a_tag_has_made_stale_is_a_miss_like_any_other() {
    let (_server, wire, cache) = connect().await;
    get_or(&cache, &TAGS, "row:1", &ROW, 1).await;
    assert_eq!(wire.during(cache.try_invalidate_tags(["plan:free"])).await.1, trips(1, 1));
    assert_eq!(wire.during(get_or(&cache, &TAGS, "row:1", &ROW, 1)).await.1, trips(3, 1 + 4 + 4));
}

#[tokio::test]
async fn what_cannot_be_decoded_is_a_miss_like_any_other() {
    let (_server, wire, cache) = connect().await;
    cache.try_put("row:1", "no number", 60).await.expect("the server is there");
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await.1, trips(3, 3));
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await.1, trips(1, 1));
}

#[tokio::test]
async fn a_fenced_write_waits_twice() {
    let (_server, wire, cache) = connect().await;
    let write = async {
        let (keys, tags) = tokio::join!(cache.fence(["row:1", "row:2"]), cache.fence_tags(TAGS));
        let (keys, tags) = tokio::join!(keys.try_settle(), tags.try_settle());
        keys.and(tags)
    };
    let (settled, counts) = wire.during(write).await;
    assert_eq!(settled, Ok(()));
    assert_eq!(counts, trips(2, 5 + 5));
}

#[tokio::test]
async fn a_write_through_waits_twice() {
    let (_server, wire, cache) = connect().await;
    let write = cache.write_through("row:1", &ROW, || async { Ok::<_, Infallible>(2_u64) });
    assert_eq!(wire.during(write).await.1, trips(2, 2));
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await, (2, trips(1, 1)));
}

#[tokio::test]
async fn a_caller_that_is_served_an_expired_value_waits_once() {
    const TTL: Duration = Duration::from_millis(100);
    const POLICY: Policy = Policy::ttl(3600).stale_while_revalidate(3600).name("row");
    let (server, wire, cache) = connect().await;
    let source = Source::held();
    let read_by = async |policy: Policy| {
        let source = std::sync::Arc::clone(&source);
        let load = || async move { Ok::<_, Infallible>(source.query().await) };
        let Ok(row) = cache.get_or_load_owned("row:1", &policy, load).await;
        row
    };
    let read = async || read_by(POLICY).await;
    source.answer(1);
    assert_eq!(read_by(POLICY.with_ttl_duration(TTL)).await, 1);
    sleep(TTL).await;
    // The renewal has begun, and waits for the source.
    assert_eq!(read().await, 1);
    source.asked(2).await;
    assert_eq!(wire.during(read()).await, (1, trips(1, 1)));
    // It elects itself and looks whether somebody was faster, in one round trip; then it stores, and ends.
    let before = wire.counts();
    source.answer(1);
    eventually("the renewal has ended", async || {
        server.command(&["EXISTS", "row:1#refresh{row:1}"]).trim() == ":0"
    })
    .await;
    let after = wire.counts();
    assert_eq!(after.requests - before.requests, 2, "one stores, one ends the election");
}

#[tokio::test]
async fn a_namespace_costs_a_key_and_no_round_trip() {
    let server = RedisServer::start();
    let wire = Wire::to(&server).await;
    let cache = Cache::builder().url(&wire.url()).namespace("shop").connections(1);
    let cache = built(cache.deadline(DEADLINE)).await;
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await.1, trips(3, 1 + 2 + 2));
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await.1, trips(1, 1));
    let write = cache.write_through("row:1", &ROW, || async { Ok::<_, Infallible>(2_u64) });
    assert_eq!(wire.during(write).await.1, trips(2, 3));
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, 1)).await, (2, trips(1, 1)));
}

/// So many reads are on their way before others go together.
const ALONE: u64 = 8;

#[tokio::test]
async fn hits_of_many_callers_go_together() {
    let (_server, wire, cache) = connect().await;
    let keys: Vec<String> = (0..64).map(|id| format!("row:{id}")).collect();
    for (id, key) in (0..).zip(&keys) {
        get_or(&cache, &[], key, &ROW, id).await;
    }
    let hits = join_all(keys.iter().map(|key| get_or(&cache, &[], key, &ROW, u64::MAX)));
    let (found, counts) = wire.during(hits).await;
    assert_eq!(found, (0..64).collect::<Vec<_>>(), "each caller has the value of its own key");
    assert_eq!(counts.requests, ALONE + 1, "those that follow go as one message");
}

#[tokio::test]
async fn hits_of_many_callers_with_tags_go_together_but_in_messages_of_a_bounded_size() {
    let (_server, wire, cache) = connect().await;
    let keys: Vec<String> = (0..64).map(|id| format!("row:{id}")).collect();
    for (id, key) in (0..).zip(&keys) {
        get_or(&cache, &TAGS, key, &ROW, id).await;
    }
    let hits = join_all(keys.iter().map(|key| get_or(&cache, &TAGS, key, &ROW, u64::MAX)));
    let (found, counts) = wire.during(hits).await;
    assert_eq!(found, (0..64).collect::<Vec<_>>(), "each caller has the value of its own key");
    // A caller asks for four keys, and 64 of them fill a message.
    assert_eq!(counts.requests, ALONE + (64 - ALONE).div_ceil(16));
}

#[tokio::test]
async fn who_gives_up_takes_nothing_from_those_it_would_have_gone_with() {
    let (_server, wire, cache) = connect().await;
    let keys: Vec<String> = (0..64).map(|id| format!("row:{id}")).collect();
    for (id, key) in (0..).zip(&keys) {
        get_or(&cache, &[], key, &ROW, id).await;
    }
    // The first half has asked, and is dropped before anything is sent: the one among them that had begun the message too.
    let (gone, stay) = keys.split_at(32);
    let gone = gone.iter().map(|key| get_or(&cache, &[], key, &ROW, u64::MAX).now_or_never());
    assert!(gone.collect::<Vec<_>>().iter().all(Option::is_none));
    let hits = join_all(stay.iter().map(|key| get_or(&cache, &[], key, &ROW, u64::MAX)));
    let (found, _) = wire.during(hits).await;
    assert_eq!(found, (32..64).collect::<Vec<_>>());
    // Who comes later is among few again, and is answered.
    assert_eq!(wire.during(get_or(&cache, &[], "row:1", &ROW, u64::MAX)).await, (1, trips(1, 1)));
}

/// Two rounds of calls for 200 keys: each call of the first loads, and is given what it has loaded; the second finds all that.
async fn each_has_its_own(cache: &Cache) {
    let keys: Vec<String> = (0..200).map(|id| format!("row:{id}")).collect();
    let load = |first: u64| {
        join_all((first..).zip(&keys).map(|(id, key)| get_or(cache, &[], key, &ROW, id)))
    };
    assert_eq!(load(0).await, (0..200).collect::<Vec<_>>(), "each caller has what it has loaded");
    assert_eq!(load(1_000).await, (0..200).collect::<Vec<_>>(), "each key has its own value");
}

#[tokio::test]
async fn misses_of_many_callers_go_together_and_each_has_its_own_answers() {
    let (server, _wire, cache) = connect().await;
    // The answers differ: some of the keys hold what is not ours.
    for id in (0..200).step_by(10) {
        server.command(&["RPUSH", &format!("row:{id}"), "1"]);
    }
    each_has_its_own(&cache).await;
}

#[tokio::test]
async fn misses_of_many_callers_are_stored_where_the_server_has_forgotten_the_scripts() {
    let (server, _wire, cache) = connect().await;
    server.command(&["SCRIPT", "FLUSH"]);
    each_has_its_own(&cache).await;
}

/// Whoever was to send what others wait for may be gone with its runtime.
#[test]
fn who_waits_for_a_runtime_that_is_gone_sends_for_itself() {
    let runtime = || Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (lasting, passing) = (runtime(), runtime());
    let (_server, _wire, cache) = lasting.block_on(connect());
    let keys: Vec<String> = (0..12).map(|id| format!("row:{id}")).collect();
    lasting.block_on(async {
        for (id, key) in (0..).zip(&keys) {
            get_or(&cache, &[], key, &ROW, id).await;
        }
    });
    let mut asked: Vec<_> =
        keys.iter().map(|key| Box::pin(get_or(&cache, &[], key, &ROW, u64::MAX))).collect();
    // Each has asked, and nothing that they have spawned runs.
    passing.block_on(async {
        for call in asked.iter_mut().take(11) {
            assert!(call.as_mut().now_or_never().is_none());
        }
    });
    drop(passing);
    let last = asked.pop().expect("there are twelve");
    assert_eq!(lasting.block_on(in_time("the last", last)), 11, "it is a hit");
    // Until now they were on their way.
    drop(asked);
}

/// A call that is dropped after so many polls.
struct Impatient<F> {
    call: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for Impatient<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls -= 1;
        match self.call.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

#[tokio::test]
async fn who_gives_up_leaves_no_lease_behind() {
    const LONG: Policy = Policy::ttl(3600).lock().lease(Duration::from_secs(600)).name("row");
    let (_server, _wire, cache) = connect().await;
    let mut gave_up = 0;
    for polls in 1..8 {
        let keys: Vec<String> = (0..40).map(|id| format!("row:{polls}:{id}")).collect();
        let calls = keys.iter().map(|key| {
            let load = || async { Ok::<_, Infallible>(7) };
            let call = Box::pin(cache.get_or_load(key, &LONG, load));
            Impatient { call, polls }
        });
        let answers = join_all(calls).await;
        gave_up += answers.iter().filter(|answer| answer.is_none()).count();
        for key in &keys {
            eventually("no lease is left", async || {
                let told = cache.explain(key).await.expect("the server is there");
                told.status() != KeyStatus::Leased
            })
            .await;
        }
    }
    assert!(gave_up > 40, "{gave_up} gave up");
}
