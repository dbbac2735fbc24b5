//! Leases on a paused clock: kept by their loader, free the moment it goes.

use std::{sync::Arc, time::Duration};

use tokio::time;

use super::{Lease, Leases, Which};
use crate::{
    guard::{Guard, Settings},
    protocol::{Nonce, Reply, State, Step},
    store::{Store, memory::MemoryStore},
};

const LIFE: Duration = Duration::from_secs(5);

async fn leased() -> (Arc<Guard>, Lease) {
    let store = Store::Memory(MemoryStore::new(10));
    let guard = Guard::new(store, Settings::tests());
    let lease = Lease::new(&guard, &"key".into(), Nonce([1; 16]), LIFE);
    let step = Step::Acquire { token: lease.token(), life: LIFE };
    assert_eq!(guard.run("key", step).await, Ok(Reply::Acquired));
    (guard, lease)
}

async fn state(guard: &Guard) -> Result<Reply<crate::entry::Entry>, crate::Error> {
    guard.run("key", Step::Read).await
}

#[tokio::test(start_paused = true)]
async fn a_slow_load_keeps_its_lease() {
    let (guard, lease) = leased().await;
    lease.renewing(time::sleep(LIFE * 20)).await;
    assert_eq!(state(&guard).await, Ok(Reply::Found(State::Leased(lease.token()))));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_nobody_renews_ends() {
    let (guard, lease) = leased().await;
    time::sleep(LIFE).await;
    assert_eq!(state(&guard).await, Ok(Reply::Found(State::Vacant)));
    drop(lease);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_lease_is_free_at_once() {
    let (guard, lease) = leased().await;
    let cancelled = time::timeout(LIFE / 2, lease.renewing(time::sleep(LIFE * 20))).await;
    assert!(cancelled.is_err());
    drop(lease);
    assert_eq!(state(&guard).await, Ok(Reply::Found(State::Vacant)));
}

#[tokio::test(start_paused = true)]
async fn a_spent_lease_takes_nothing_with_it() {
    let (guard, lease) = leased().await;
    let token = lease.spend();
    assert_eq!(state(&guard).await, Ok(Reply::Found(State::Leased(token))));
}

#[tokio::test(start_paused = true)]
async fn a_load_goes_on_when_its_lease_is_taken_away() {
    let (guard, lease) = leased().await;
    let load = async {
        let epoch = Nonce([2; 16]);
        guard.run("key", Step::Fence { epoch, life: LIFE }).await.expect("memory");
        time::sleep(LIFE * 20).await;
        "loaded"
    };
    assert_eq!(lease.renewing(load).await, "loaded");
}

/// A batch's leases of two keys, both acquired.
async fn both_leased() -> (Arc<Guard>, Leases, [Which; 2]) {
    let store = Store::Memory(MemoryStore::new(10));
    let guard = Guard::new(store, Settings::tests());
    let mut leases = Leases::new(&guard, LIFE);
    let both = ["one", "two"].map(|key| {
        let (which, token) = leases.ask(&key.into());
        (which, (key, Step::Acquire { token, life: LIFE }))
    });
    let steps = both.clone().map(|(_, step)| step);
    assert_eq!(guard.run_many(&steps).await, Ok(vec![Ok(Reply::Acquired), Ok(Reply::Acquired)]));
    (guard, leases, both.map(|(which, _)| which))
}

async fn both_states(guard: &Guard) -> [State<crate::entry::Entry>; 2] {
    let read = async |key| match guard.run(key, Step::Read).await {
        Ok(Reply::Found(state)) => state,
        other => panic!("{other:?}"),
    };
    [read("one").await, read("two").await]
}

#[tokio::test(start_paused = true)]
async fn a_slow_batch_keeps_its_leases() {
    let (guard, leases, both) = both_leased().await;
    leases.renewing(time::sleep(LIFE * 20)).await;
    let standing = both.map(|which| State::Leased(leases.token(which).expect("not spent")));
    assert_eq!(both_states(&guard).await, standing);
}

#[tokio::test(start_paused = true)]
async fn a_batch_keeps_the_leases_that_are_left_to_it() {
    let (guard, leases, [_, two]) = both_leased().await;
    let load = async {
        guard.run("one", Step::Delete).await.expect("memory");
        time::sleep(LIFE * 20).await;
    };
    leases.renewing(load).await;
    let token = leases.token(two).expect("not spent");
    assert_eq!(both_states(&guard).await, [State::Vacant, State::Leased(token)]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_batch_gives_up_what_it_has_not_spent() {
    let (guard, mut leases, [one, _]) = both_leased().await;
    let token = leases.token(one).expect("not spent");
    leases.spend(one);
    drop(leases);
    assert_eq!(both_states(&guard).await, [State::Leased(token), State::Vacant]);
}
