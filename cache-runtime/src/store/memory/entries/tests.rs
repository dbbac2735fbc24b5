//! The embedded store on a paused clock: expiry, bounds, and room that is given back.

use std::time::Duration;

use tokio::time;

use super::MemoryStore;
use crate::{
    codec,
    encoding::Encoding,
    entry::Entry,
    protocol::{Expected, Nonce, Reply, State, Step},
};

const SECOND: Duration = Duration::from_secs(1);

fn entry(stamp: u8) -> Entry {
    codec::encode(&stamp, Nonce([stamp; 16]), &Encoding::DEFAULT, codec::Meta::default())
        .expect("a number")
}

/// Stores a value under `key` by way of a lease.
fn fill(store: &MemoryStore, key: &str, life: Duration) {
    let token = Nonce([1; 16]);
    assert_eq!(store.run(key, Step::Acquire { token, life: SECOND }), Reply::Acquired);
    let (expected, value) = (Expected::Lease(token), entry(2));
    let step = Step::Fill { expected, stamp: value.stamp(), value, life };
    assert_eq!(store.run(key, step), Reply::Done);
}

#[tokio::test(start_paused = true)]
async fn a_value_ends_with_its_ttl() {
    let store = MemoryStore::of_values(10);
    fill(&store, "key", SECOND * 60);
    time::advance(SECOND * 59).await;
    assert!(matches!(store.read("key"), State::Value(..)));
    time::advance(SECOND).await;
    assert_eq!(store.read("key"), State::Vacant);
    assert_eq!(store.run("key", Step::Read), Reply::Found(State::Vacant));
}

#[tokio::test(start_paused = true)]
async fn a_ttl_longer_than_the_clock_is_for_ever() {
    let store = MemoryStore::of_values(10);
    fill(&store, "key", Duration::MAX);
    time::advance(SECOND * 1_000_000).await;
    assert!(matches!(store.read("key"), State::Value(..)));
}

#[tokio::test(start_paused = true)]
async fn a_fence_falls_by_itself_and_hides_the_value_until_then() {
    let store = MemoryStore::of_values(10);
    fill(&store, "key", SECOND * 60);
    let epoch = Nonce([3; 16]);
    assert_eq!(store.run("key", Step::Fence { epoch, life: SECOND }), Reply::Fenced(epoch));
    assert_eq!(store.read("key"), State::Vacant);
    let acquire = Step::Acquire { token: Nonce([4; 16]), life: SECOND };
    assert!(matches!(store.run("key", acquire.clone()), Reply::Found(State::Fenced(_))));
    time::advance(SECOND).await;
    assert_eq!(store.run("key", acquire), Reply::Acquired);
}

#[tokio::test(start_paused = true)]
async fn a_writer_in_a_hurry_does_not_shorten_the_fence_of_another() {
    let store = MemoryStore::of_values(10);
    let (patient, hasty) = (Nonce([3; 16]), Nonce([4; 16]));
    store.run("key", Step::Fence { epoch: patient, life: SECOND * 60 });
    let fence = Step::Fence { epoch: hasty, life: SECOND };
    assert_eq!(store.run("key", fence), Reply::Fenced(patient));
    let acquire = Step::Acquire { token: Nonce([5; 16]), life: SECOND };
    time::advance(SECOND * 59).await;
    assert!(matches!(store.run("key", acquire.clone()), Reply::Found(State::Fenced(_))));
    time::advance(SECOND).await;
    assert_eq!(store.run("key", acquire), Reply::Acquired);
}

#[tokio::test(start_paused = true)]
async fn leases_and_fences_are_not_evicted_by_values() {
    let store = MemoryStore::of_values(10);
    let epoch = Nonce([3; 16]);
    store.run("fenced", Step::Fence { epoch, life: SECOND });
    for n in 0..10_000 {
        fill(&store, &format!("key:{n}"), SECOND * 60);
    }
    let (values, _) = store.kept.held();
    assert!((5..=10).contains(&values), "{values} values are kept");
    let renewed =
        store.run("fenced", Step::Renew { expected: Expected::Fence(epoch), life: SECOND });
    assert_eq!(renewed, Reply::Done);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_ends_takes_no_room_for_ever() {
    let store = MemoryStore::of_values(10);
    for n in 0..100_000 {
        let epoch = Nonce([5; 16]);
        store.run(&format!("key:{n}"), Step::Fence { epoch, life: SECOND });
        time::advance(SECOND / 100).await;
    }
    let kept: usize = store.controls.all().map(|shard| shard.lock().unwrap().held.len()).sum();
    assert!(kept < 64 * super::SWEEP, "{kept} fences are kept");
}
