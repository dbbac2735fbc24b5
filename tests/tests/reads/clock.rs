//! Expiry on tokio's clock, which a test can hold, and a server's answers, which it cannot.

use std::{
    cell::Cell,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use cache_runtime::{Cache, Policy};
use cache_tests::{herd::counters, server::RedisServer};
use tokio::{task::yield_now, time::advance};

const SECOND: Duration = Duration::from_secs(1);
const ROW: Policy = Policy::ttl(60).name("row");

/// Reads a row whose load returns how often it has been loaded.
async fn read(cache: &Cache, policy: &Policy, loads: &Cell<u32>) -> Option<u32> {
    let load = async || {
        loads.set(loads.get() + 1);
        Some(loads.get())
    };
    cache.get_or_load("row:1", policy, load).await
}

#[tokio::test(start_paused = true)]
async fn a_ttl_ends_when_the_clock_says_so() {
    let (cache, loads) = (Cache::in_memory(), Cell::new(0));
    assert_eq!(read(&cache, &ROW, &loads).await, Some(1));
    advance(SECOND * 59).await;
    assert_eq!(read(&cache, &ROW, &loads).await, Some(1));
    advance(SECOND).await;
    assert_eq!(read(&cache, &ROW, &loads).await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn so_does_the_time_for_which_an_expired_value_stands_in() {
    const KEPT: Policy = ROW.stale_if_error(60);
    let cache = Cache::in_memory();
    let read = async |succeeds: bool| {
        let load = async || if succeeds { Ok(7) } else { Err("the source fails") };
        cache.get_or_load("row:1", &KEPT, load).await
    };
    assert_eq!(read(true).await, Ok(7));
    advance(SECOND * 59).await;
    assert_eq!(read(false).await, Ok(7), "fresh");
    assert_eq!(counters(&cache, "row").stale_hits, 0);
    advance(SECOND).await;
    assert_eq!(read(false).await, Ok(7), "expired, for a load that fails");
    assert_eq!(counters(&cache, "row").stale_hits, 1);
    advance(SECOND * 59).await;
    assert_eq!(read(false).await, Ok(7));
    advance(SECOND).await;
    assert_eq!(read(false).await, Err("the source fails"), "gone");
}

/// Counts the loads of a row at each of these seconds. A load in the background ends before the next one.
async fn loads_at<const N: usize>(policy: Policy, seconds: [u64; N]) -> [u64; N] {
    let (cache, mut now) = (Cache::in_memory(), 0);
    let mut loads = [0; N];
    for (loads, second) in loads.iter_mut().zip(seconds) {
        advance(SECOND * u32::try_from(second - now).expect("a short time")).await;
        now = second;
        cache.get_or_load_owned("row:1", &policy, || async { Some(7) }).await;
        for _ in 0..20 {
            yield_now().await;
        }
        *loads = counters(&cache, "row").loads;
    }
    loads
}

#[tokio::test(start_paused = true)]
async fn and_what_is_refreshed_in_the_background() {
    let stale = ROW.stale_while_revalidate(60);
    assert_eq!(loads_at(stale, [0, 59, 60, 61, 119, 120, 250]).await, [1, 1, 2, 2, 2, 3, 4]);
    let ahead = ROW.refresh_ahead(0.8);
    assert_eq!(loads_at(ahead, [0, 47, 48, 95, 96, 200]).await, [1, 1, 2, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_remembered_none_ends_too() {
    const NONE: Policy = ROW.negative_ttl(5);
    let (cache, loads) = (Cache::in_memory(), Cell::new(0));
    let read = async || {
        let load = async || {
            loads.set(loads.get() + 1);
            None::<u32>
        };
        cache.get_or_load("row:1", &NONE, load).await
    };
    assert_eq!((read().await, read().await, loads.get()), (None, None, 1));
    advance(SECOND * 5).await;
    assert_eq!((read().await, loads.get()), (None, 2));
}

#[tokio::test(start_paused = true)]
async fn a_load_in_paused_time_takes_the_time_that_it_sleeps() {
    let cache = Cache::in_memory();
    let slow = cache.get_or_load("row:1", &ROW, async || {
        tokio::time::sleep(SECOND * 600).await;
        Some(7)
    });
    assert_eq!(slow.await, Some(7));
    assert!(counters(&cache, "row").load_time.max_us >= 590_000_000);
    assert_eq!(cache.get("row:1").await, Ok(Some(7)));
}

/// The embedded store needs no runtime, and answers at once.
#[test]
fn without_a_runtime_the_clock_is_the_systems() {
    const KEPT: Policy = ROW.stale_if_error(60);
    let (cache, loads) = (Cache::in_memory(), Cell::new(0));
    for _ in 0..2 {
        let read = pin!(read(&cache, &KEPT, &loads));
        let answer = read.poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(answer, Poll::Ready(Some(1)));
    }
}

/// A server knows nothing of a paused clock: what is asked of it must have the time that it takes, and values end by the
/// server's clock.
#[tokio::test(start_paused = true)]
async fn a_server_has_its_time_to_answer() {
    let server = RedisServer::start();
    // A server may be slow on a busy machine.
    let cache = Cache::builder().url(&server.url()).deadline(SECOND * 10);
    let cache = cache.build().await.expect("a good URL");
    let loads = Cell::new(0);
    for round in 0..50 {
        assert_eq!(read(&cache, &ROW.lock().stale_if_error(60), &loads).await, Some(1));
        cache.try_put(format!("put:{round}"), &round, 60).await.expect("the server answers");
        assert_eq!(cache.get(format!("put:{round}")).await, Ok(Some(round)));
        cache.try_invalidate(format!("put:{round}")).await.expect("the server answers");
    }
    let store = cache.stats().store;
    assert_eq!((store.failures, store.rejected, store.opened), (0, 0, 0));
    // An hour of the paused clock is none to the server.
    advance(SECOND * 3_600).await;
    assert_eq!(read(&cache, &ROW.stale_if_error(60), &loads).await, Some(1));
    assert_eq!(counters(&cache, "row").stale_hits, 0);
}

/// The other way round: a server that does not answer is given up when the real time is over.
#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_given_up_in_paused_time_too() {
    let server = RedisServer::start();
    let cache = Cache::connect(&server.url()).await.expect("a good URL");
    cache.try_put("row:1", &7, 60).await.expect("the server answers");
    server.pause();
    let error = cache.get::<u32>("row:1").await.expect_err("it hangs");
    assert!(error.to_string().contains("no answer within"), "{error}");
}
