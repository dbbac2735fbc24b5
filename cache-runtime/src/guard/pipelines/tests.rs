//! Pipelines over several connections to a real server, which tells over which of them each command came.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use cache_test_support::server::RedisServer;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use super::Guard;
use crate::{
    encryption::Encryptor,
    guard::Settings,
    protocol::{Nonce, Reply, State, Step},
    store::{
        Store,
        breaker::Breakers,
        redis::{Address, RedisStore},
    },
    time::nonce,
};

const KEYS: usize = 32;
const CONNECTIONS: usize = 4;
const LIFE: std::time::Duration = std::time::Duration::from_secs(1000);

fn guard(server: &RedisServer) -> Arc<Guard> {
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    let store = RedisStore::new(address, CONNECTIONS, Encryptor::default(), &Breakers::default());
    let deadline = std::time::Duration::from_secs(30);
    Guard::new(Store::Redis(store), Settings { deadline, ..Settings::tests() })
}

fn keys() -> Vec<String> {
    (0..KEYS).map(|key| format!("key:{key}")).collect()
}

/// What a server executes, as it says itself.
struct Monitor(BufReader<TcpStream>);

impl Monitor {
    async fn of(server: &RedisServer) -> Monitor {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).await;
        let mut monitor = Monitor(BufReader::new(stream.expect("the server is there")));
        monitor.0.write_all(b"MONITOR\r\n").await.expect("the server is there");
        assert_eq!(monitor.line().await, "+OK");
        monitor
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("the server is there");
        line.trim_end().to_owned()
    }

    /// The connections over which the commands on each key have come, until now.
    async fn connections(&mut self, server: &RedisServer) -> BTreeMap<String, BTreeSet<String>> {
        server.command(&["ECHO", "until now"]);
        let mut connections = BTreeMap::<_, BTreeSet<String>>::new();
        loop {
            let line = self.line().await;
            if line.contains("until now") {
                return connections;
            }
            // +1700000000.123456 [0 127.0.0.1:50000] "GET" "key:7"
            let client = line.split(['[', ']']).nth(1).unwrap_or_default();
            if let Some(key) = line.split('"').find(|part| part.starts_with("key:"))
                && !client.contains("lua")
            {
                connections.entry(key.to_owned()).or_default().insert(client.to_owned());
            }
        }
    }
}

#[tokio::test]
async fn the_steps_on_each_key_go_over_its_own_connection_in_a_pipeline_too() {
    let server = RedisServer::start();
    let (guard, keys) = (guard(&server), keys());
    let mut monitor = Monitor::of(&server).await;
    for key in &keys {
        guard.run(key, Step::Acquire { token: nonce(), life: LIFE }).await.expect("it is there");
    }
    let steps: Vec<_> = keys.iter().map(|key| (&**key, Step::Delete)).collect();
    let replies = guard.run_many(&steps).await.expect("it is there");
    assert_eq!(replies, vec![Ok(Reply::Done); KEYS]);
    let connections = monitor.connections(&server).await;
    assert_eq!(connections.len(), KEYS);
    for (key, connections) in &connections {
        assert_eq!(connections.len(), 1, "{key}: {connections:?}");
    }
    let all: BTreeSet<_> = connections.values().flatten().collect();
    assert!(all.len() > 1, "{all:?} of {CONNECTIONS}");
}

/// An election on a side key comes before the look at the key itself, in one pipeline.
#[tokio::test]
async fn a_key_and_its_side_key_have_one_connection() {
    let server = RedisServer::start();
    let (guard, keys) = (guard(&server), keys());
    let mut monitor = Monitor::of(&server).await;
    let side: Vec<String> = keys.iter().map(|key| format!("{key}#refresh{{{key}}}")).collect();
    let both = keys.iter().chain(&side);
    let steps: Vec<_> = both.map(|key| (&**key, Step::Delete)).collect();
    guard.run_many(&steps).await.expect("it is there");
    let connections = monitor.connections(&server).await;
    for (key, side) in keys.iter().zip(&side) {
        assert_eq!(connections[key], connections[side], "{key}");
    }
}

#[tokio::test]
async fn a_pipeline_keeps_the_order_of_each_key_and_that_of_the_answers() {
    let server = RedisServer::start();
    let (guard, keys) = (guard(&server), keys());
    let token = |key: usize| Nonce([key as u8; 16]);
    // Each key is taken, seen, and emptied; the steps on all keys are mixed.
    let acquire = |key| Step::Acquire { token: token(key), life: LIFE };
    let mut steps: Vec<_> =
        keys.iter().enumerate().map(|(at, key)| (&**key, acquire(at))).collect();
    steps.extend(keys.iter().rev().map(|key| (&**key, Step::Read)));
    steps.extend(keys.iter().map(|key| (&**key, Step::Delete)));
    let replies = guard.run_many(&steps).await.expect("it is there");
    let mut expected = vec![Ok(Reply::Acquired); KEYS];
    expected.extend((0..KEYS).rev().map(|key| Ok(Reply::Found(State::Leased(token(key))))));
    expected.extend(vec![Ok(Reply::Done); KEYS]);
    assert_eq!(replies, expected);
}
