//! How a cluster that changes is noticed, on a real one.

use std::{pin::pin, time::Duration};

use cache_test_support::{
    cluster::RedisCluster,
    patience::{eventually, in_time},
};
use tokio::time::timeout;

use super::seeds::Seeds;
use crate::{
    encryption::Encryptor,
    protocol::{State, Step},
    store::{breaker::Breakers, redis::RedisStore},
};

const DEAD: usize = 1;
const HEIR: usize = 2;

async fn store(cluster: &RedisCluster) -> RedisStore {
    let seeds = Seeds::parse(&cluster.url()).expect("the URL is well-formed");
    let store = RedisStore::cluster(seeds, 3, Encryptor::default(), &Breakers::default());
    store.connect().await.expect("the cluster is there");
    store
}

/// A key of each master.
fn keys(cluster: &RedisCluster) -> Vec<String> {
    let key = |node| {
        let mut keys = (0..1000).map(|key| format!("key:{key}"));
        keys.find(|key| cluster.owner(key) == node).expect("there are so many keys")
    };
    (0..cluster.nodes().len()).map(key).collect()
}

/// The number of the server that has a key; 0 where that is not known.
fn number(store: &RedisStore, key: &str) -> usize {
    store.lane(key).server().map_or(0, |server| server.number)
}

#[tokio::test]
async fn each_master_has_a_number() {
    let cluster = RedisCluster::start();
    let store = store(&cluster).await;
    let mut numbers: Vec<usize> = keys(&cluster).iter().map(|key| number(&store, key)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
}

/// As after a failover, when a replica has taken a master's place. One failed call is enough to look out for that.
#[tokio::test]
async fn who_takes_a_dead_masters_place_is_noticed_without_a_call() {
    let mut cluster = RedisCluster::start();
    let (store, keys) = (store(&cluster).await, keys(&cluster));
    let heir = number(&store, &keys[HEIR]);
    cluster.node_mut(DEAD).kill();
    assert!(
        store.lane(&keys[DEAD]).read(&keys[DEAD]).await.is_err(),
        "nobody can have noticed yet"
    );
    assert_eq!(
        store.lane(&keys[HEIR]).read(&keys[HEIR]).await,
        Ok(State::Vacant),
        "the others serve"
    );
    cluster.take_over(DEAD, HEIR);
    eventually("the heir is known", async || number(&store, &keys[DEAD]) == heir).await;
    assert_eq!(store.lane(&keys[DEAD]).read(&keys[DEAD]).await, Ok(State::Vacant));
}

/// A master that is silent for ever: a call that was given up is what shows it.
#[tokio::test]
async fn who_takes_a_silent_masters_place_is_noticed_by_a_call_that_waits_in_vain() {
    let cluster = RedisCluster::start();
    let (store, keys) = (store(&cluster).await, keys(&cluster));
    let heir = number(&store, &keys[HEIR]);
    let silent = cluster.nodes()[DEAD].server();
    silent.pause();
    cluster.take_over(DEAD, HEIR);
    let in_vain =
        timeout(Duration::from_millis(50), store.lane(&keys[DEAD]).read(&keys[DEAD])).await;
    assert!(in_vain.is_err(), "nobody has said yet who has its place");
    eventually("the heir is known", async || number(&store, &keys[DEAD]) == heir).await;
    assert_eq!(store.lane(&keys[DEAD]).read(&keys[DEAD]).await, Ok(State::Vacant));
    silent.resume();
}

/// Nobody asks it anything else while it is left alone.
#[tokio::test]
async fn who_takes_a_silent_masters_place_is_noticed_by_a_probe_that_waits_for_it() {
    let cluster = RedisCluster::start();
    let (store, keys) = (store(&cluster).await, keys(&cluster));
    let heir = number(&store, &keys[HEIR]);
    let silent = cluster.nodes()[DEAD].server();
    silent.pause();
    let mut probe = pin!(store.probe(&keys[DEAD]));
    assert!(timeout(Duration::from_millis(50), &mut probe).await.is_err(), "it waits");
    cluster.take_over(DEAD, HEIR);
    assert_eq!(in_time("the heir's answer", probe).await, Ok(()));
    assert_eq!(number(&store, &keys[DEAD]), heir);
    silent.resume();
}

/// The nodes that the URL names need not be those that serve.
#[tokio::test]
async fn any_node_that_is_named_will_do() {
    let mut cluster = RedisCluster::start();
    let port = cluster.nodes()[HEIR].port();
    cluster.node_mut(0).kill();
    let url = format!("{},127.0.0.1:{port}", cluster.url());
    let seeds = Seeds::parse(&url).expect("the URL is well-formed");
    let store = RedisStore::cluster(seeds, 1, Encryptor::default(), &Breakers::default());
    let keys = ["a", "b", "c", "d", "e", "f"];
    let mut served = 0;
    for key in keys {
        served += usize::from(store.lane(key).read(key).await == Ok(State::Vacant));
    }
    assert!((1..keys.len()).contains(&served), "{served} of {}", keys.len());
}

/// What a writer says must not be given up because somebody else has the slot by now.
#[tokio::test]
async fn a_writer_asks_who_has_a_dead_masters_place() {
    let mut cluster = RedisCluster::start();
    let (store, keys) = (store(&cluster).await, keys(&cluster));
    cluster.node_mut(DEAD).kill();
    // The runtime stands still until it is done: nobody looks out for it.
    cluster.take_over(DEAD, HEIR);
    // Its connection is thought to be there; the first step finds out.
    let delete = async || store.lane(&keys[DEAD]).run(&keys[DEAD], Step::Delete).await;
    _ = delete().await;
    assert!(delete().await.is_ok(), "the second one asks first");
}
