//! Claims on a paused clock: kept by their loader, free the moment it goes.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use futures_util::future::{Either, select};
use tokio::time;

use super::{Claims, Which};
use crate::{
    guard::{Guard, Settings},
    protocol::{Nonce, Reply, State, Step},
    store::{Store, memory::MemoryStore},
};

const LIFE: Duration = Duration::from_secs(5);

/// Runs a load while its leases are renewed.
async fn renewing<F: Future>(claims: &Claims, load: F) -> F::Output {
    let renewal = claims.renewal().expect("a lease is held");
    match select(pin!(load), pin!(renewal)).await {
        Either::Left((output, _)) => output,
        Either::Right(((), load)) => load.await,
    }
}

fn token(claims: &Claims, which: Which) -> Nonce {
    claims.held(which).expect("it is not spent").stamp()
}

/// A lease of one key.
async fn leased() -> (Arc<Guard>, Claims) {
    let store = Store::Memory(MemoryStore::of_values(10));
    let guard = Guard::new(store, Settings::tests());
    let mut claims = Claims::none(&guard, LIFE);
    let (_, token) = claims.ask("key".into(), None);
    let step = Step::Acquire { token, life: LIFE };
    assert_eq!(guard.run("key", step).await, Ok(Reply::Acquired));
    (guard, claims)
}

async fn state(guard: &Guard) -> Result<Reply<crate::entry::Entry>, crate::Error> {
    guard.run("key", Step::Read).await
}

#[tokio::test(start_paused = true)]
async fn a_slow_load_keeps_its_lease() {
    let (guard, lease) = leased().await;
    renewing(&lease, time::sleep(LIFE * 20)).await;
    assert_eq!(state(&guard).await, Ok(Reply::Found(State::Leased(token(&lease, Which::FIRST)))));
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
    let cancelled = time::timeout(LIFE / 2, renewing(&lease, time::sleep(LIFE * 20))).await;
    assert!(cancelled.is_err());
    drop(lease);
    assert_eq!(state(&guard).await, Ok(Reply::Found(State::Vacant)));
}

#[tokio::test(start_paused = true)]
async fn a_spent_lease_takes_nothing_with_it() {
    let (guard, mut lease) = leased().await;
    let token = token(&lease, Which::FIRST);
    lease.spend(Which::FIRST);
    drop(lease);
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
    assert_eq!(renewing(&lease, load).await, "loaded");
}

/// A batch's leases of two keys, both acquired.
async fn both_leased() -> (Arc<Guard>, Claims, [Which; 2]) {
    let store = Store::Memory(MemoryStore::of_values(10));
    let guard = Guard::new(store, Settings::tests());
    let mut leases = Claims::none(&guard, LIFE);
    let both = ["one", "two"].map(|key| {
        let (which, token) = leases.ask(key.into(), None);
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
    renewing(&leases, time::sleep(LIFE * 20)).await;
    let standing = both.map(|which| State::Leased(token(&leases, which)));
    assert_eq!(both_states(&guard).await, standing);
}

#[tokio::test(start_paused = true)]
async fn a_batch_keeps_the_leases_that_are_left_to_it() {
    let (guard, leases, [_, two]) = both_leased().await;
    let load = async {
        guard.run("one", Step::Delete).await.expect("memory");
        time::sleep(LIFE * 20).await;
    };
    renewing(&leases, load).await;
    let token = token(&leases, two);
    assert_eq!(both_states(&guard).await, [State::Vacant, State::Leased(token)]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_batch_gives_up_what_it_has_not_spent() {
    let (guard, mut leases, [one, _]) = both_leased().await;
    let token = token(&leases, one);
    leases.spend(one);
    drop(leases);
    assert_eq!(both_states(&guard).await, [State::Leased(token), State::Vacant]);
}
