//! A write that is dropped: its key is pending, once, unless the store fences it.

use std::{sync::Arc, time::Duration};

use cache_test_support::server::RedisServer;
use tokio::time::timeout;

use super::{FenceOutcome, Guard, KeyWrite};
use crate::{
    encryption::Encryptor,
    guard::Settings,
    protocol::{Nonce, Step},
    store::{
        Store,
        breaker::Breakers,
        memory::MemoryStore,
        redis::{Address, RedisStore},
    },
};

const EPOCH: Nonce = Nonce([7; 16]);
const LIFE: Duration = Duration::from_secs(1000);

/// So long that a step has been sent, and a server that hangs has not answered it.
const A_WHILE: Duration = Duration::from_millis(50);

fn key() -> Arc<str> {
    "key".into()
}

fn embedded() -> Arc<Guard> {
    Guard::new(Store::Memory(MemoryStore::of_values(10)), Settings::tests())
}

/// A guard whose operations have all the time that a test needs, or next to none.
async fn over(server: &RedisServer, deadline: Duration) -> Arc<Guard> {
    let breakers = Breakers { threshold: u32::MAX, ..Breakers::default() };
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    let store = RedisStore::new(address, 2, Encryptor::default(), &breakers);
    store.connect().await.expect("the server is there");
    Guard::new(Store::Redis(store), Settings { deadline, breakers, ..Settings::tests() })
}

/// What is pending, with the fence that may still stand; and how many keys this process takes for fenced.
fn pending(guard: &Guard) -> (Vec<Option<Nonce>>, usize) {
    let (_, due) = guard.pending.oldest(10);
    assert!(due.iter().all(|(key, _)| &**key == "key"), "{due:?}");
    (due.into_iter().map(|(_, own)| own).collect(), guard.pending.len())
}

async fn fenced(guard: &Arc<Guard>) -> KeyWrite {
    let FenceOutcome { write, error } = guard.fence(key(), EPOCH, LIFE).await;
    assert_eq!((write.is_fenced(), error), (true, None));
    write
}

async fn unconfirmed(guard: &Arc<Guard>) -> KeyWrite {
    let FenceOutcome { write, error } = guard.fence(key(), EPOCH, LIFE).await;
    assert!(!write.is_fenced() && error.is_some());
    write
}

#[tokio::test]
async fn before_its_fence_is_answered() {
    let server = RedisServer::start();
    let guard = over(&server, LIFE).await;
    server.pause();
    assert!(timeout(A_WHILE, guard.fence(key(), EPOCH, LIFE)).await.is_err());
    assert_eq!(pending(&guard), (vec![Some(EPOCH)], 1));
    server.resume();
    assert_eq!(guard.settled(LIFE).await, Ok(()));
    assert_eq!(guard.read("key").await, Ok(crate::protocol::State::Vacant));
}

#[tokio::test]
async fn after_its_fence_was_not_confirmed() {
    let server = RedisServer::start();
    let guard = over(&server, A_WHILE).await;
    server.pause();
    let write = unconfirmed(&guard).await;
    assert_eq!(pending(&guard), (vec![], 1), "its writer is at work");
    drop(write);
    // A statement of it may be committed yet, so its fence is not released.
    assert_eq!(pending(&guard), (vec![None], 1));
    server.resume();
    assert_eq!(guard.settled(LIFE).await, Ok(()));
}

#[tokio::test]
async fn after_its_fence_was_confirmed() {
    let guard = embedded();
    drop(fenced(&guard).await);
    assert_eq!(pending(&guard), (vec![], 0), "the store fences it");
    let found = guard.run("key", Step::Read).await;
    assert!(format!("{found:?}").contains("Fenced"), "{found:?}");
}

#[tokio::test]
async fn while_a_confirmed_fence_is_settled() {
    let server = RedisServer::start();
    let guard = over(&server, LIFE).await;
    let write = fenced(&guard).await;
    server.pause();
    assert!(timeout(A_WHILE, write.settle(None)).await.is_err());
    assert_eq!(pending(&guard), (vec![Some(EPOCH)], 1));
    server.resume();
    assert_eq!(guard.settled(LIFE).await, Ok(()));
}

#[tokio::test]
async fn while_an_unconfirmed_fence_is_settled() {
    let server = RedisServer::start();
    let guard = over(&server, 4 * A_WHILE).await;
    server.pause();
    let write = unconfirmed(&guard).await;
    assert!(timeout(A_WHILE, write.settle(None)).await.is_err());
    assert_eq!(pending(&guard), (vec![Some(EPOCH)], 1));
    server.resume();
    assert_eq!(guard.settled(LIFE).await, Ok(()));
}

#[tokio::test]
async fn while_its_key_is_emptied() {
    let server = RedisServer::start();
    let guard = over(&server, LIFE).await;
    server.pause();
    assert!(timeout(A_WHILE, guard.invalidation(key()).empty()).await.is_err());
    assert_eq!(pending(&guard), (vec![None], 1));
    server.resume();
    assert_eq!(guard.settled(LIFE).await, Ok(()));
}

#[tokio::test]
async fn when_it_is_over() {
    let guard = embedded();
    fenced(&guard).await.settle(None).await.expect("the embedded store answers");
    guard.invalidation(key()).empty().await.expect("the embedded store answers");
    assert_eq!(pending(&guard), (vec![], 0));
}
