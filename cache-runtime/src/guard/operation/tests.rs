//! How many operations wait for a server that does not answer.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::net::TcpListener;

use super::Guard;
use crate::{
    encryption::Encryptor,
    error::Error,
    guard::Settings,
    store::{
        Store,
        breaker::Breakers,
        redis::{Address, RedisStore},
    },
};

const MOST: usize = 3;

/// A guard before a server that accepts connections and says nothing.
async fn silent() -> (TcpListener, Arc<Guard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let address = Address::parse(&format!("redis://127.0.0.1:{port}")).expect("it is a URL");
    let breakers = Breakers { threshold: u32::MAX, ..Breakers::default() };
    let store = RedisStore::new(address, 2, Encryptor::default(), &breakers);
    let settings = Settings { max_waiting: MOST, breakers, ..Settings::tests() };
    (listener, Guard::new(Store::Redis(store), settings))
}

fn is_rejected<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unavailable(why)) if why.contains("too many operations"))
}

#[tokio::test]
async fn so_many_operations_wait_and_the_others_fail_at_once() {
    let (_listener, guard) = silent().await;
    for _ in 0..3 {
        let results = join_all((0..MOST + 4).map(|_| guard.read("key"))).await;
        assert!(results.iter().all(Result::is_err));
        assert_eq!(results.iter().filter(|result| is_rejected(result)).count(), 4);
    }
    assert_eq!(guard.settings.counters().snapshot("").rejected, 3 * 4);
}

#[tokio::test]
async fn one_that_is_given_up_makes_room() {
    let (_listener, guard) = silent().await;
    for _ in 0..MOST * 2 {
        let given_up = tokio::time::timeout(Duration::from_millis(1), guard.read("key")).await;
        assert!(given_up.is_err(), "it waits");
    }
}

#[tokio::test]
async fn what_waits_in_the_background_takes_room_too() {
    let (_listener, guard) = silent().await;
    let permits: Vec<_> = (0..MOST).map(|_| guard.permit().expect("there is room")).collect();
    assert!(guard.permit().is_none());
    assert!(is_rejected(&guard.read("key").await));
    drop(permits);
    assert!(!is_rejected(&guard.read("key").await));
}

#[tokio::test]
async fn a_bound_may_be_as_large_as_a_number_can_be() {
    let store = Store::Memory(crate::store::memory::MemoryStore::of_values(10));
    let guard = Guard::new(store, Settings { max_waiting: usize::MAX, ..Settings::tests() });
    assert!(guard.read("key").await.is_ok());
}
