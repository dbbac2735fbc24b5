//! The Redis store against the protocol, on a real server and on a cluster.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cache_test_support::{cluster::RedisCluster, server::RedisServer};
use fastrand::Rng;
use redis::{AsyncCommands, Client, aio::MultiplexedConnection};

use super::{
    ACTIONS, History, Reference, SEQUENCES, bytes as any_bytes, entry as any_entry,
    nonce as any_nonce, timeless_reply,
};
use crate::{
    encryption::Encryptor,
    entry,
    protocol::{Reply, State, Step},
    store::{
        breaker::Breakers,
        redis::{Address, RedisStore, Seeds},
    },
};

/// Sequences that run at a time, each on a key of its own.
const WORKERS: u64 = 64;

/// Something that does not come from a step.
#[derive(Debug)]
enum Plant {
    Nothing,
    Bytes(Vec<u8>),
    List,
}

impl Plant {
    fn any(rng: &mut Rng) -> Plant {
        // A nonce that no step has.
        const STRANGE: [u8; 16] = [0xEE; 16];
        let known = any_nonce(rng).0;
        let value = any_entry(rng).bytes().to_vec();
        let strange_value = [&value[..2], &STRANGE, &value[18..]].concat();
        match rng.u8(..14) {
            0..5 => Plant::Nothing,
            5 => Plant::List,
            6 => Plant::Bytes(b"written by somebody else".to_vec()),
            7 => Plant::Bytes(any_bytes(rng)),
            // Cut off anywhere, or with something after its end.
            8 => Plant::Bytes(strange_value[..rng.usize(..strange_value.len())].to_vec()),
            9 => Plant::Bytes([&strange_value[..], b"more"].concat()),
            // A pending value, whole or cut off.
            10 => {
                let mut pending = value;
                pending[1] = if rng.bool() { b'P' } else { b'Q' };
                pending.truncate(pending.len() - rng.usize(..2));
                Plant::Bytes(pending)
            }
            11 => Plant::Bytes([b"\xCAL", &STRANGE[..], b"x"].concat()),
            12 => {
                let many = ["01", "02", "12", "09", "19", "099", "199", "0002", "0123456789"];
                let many = rng.choice(many).expect("there are some").as_bytes();
                Plant::Bytes([b"\xCAF", &known[..], many].concat())
            }
            _ => {
                let bad = [
                    "",
                    "0",
                    "1",
                    "00",
                    "1000",
                    "21",
                    "x1",
                    "0x",
                    "0-1",
                    "0 1",
                    "01 ",
                    "01e3",
                    "01.5",
                    "11234567890",
                ];
                let bad = rng.choice(bad);
                Plant::Bytes(
                    [b"\xCAF", &STRANGE[..], bad.expect("there are some").as_bytes()].concat(),
                )
            }
        }
    }

    async fn put(&self, key: &str, connection: &mut MultiplexedConnection) {
        let deleted: redis::RedisResult<()> = connection.del(key).await;
        let put: redis::RedisResult<()> = match self {
            Plant::Nothing => Ok(()),
            Plant::Bytes(bytes) => connection.set(key, bytes).await,
            Plant::List => connection.rpush(key, "element").await,
        };
        deleted.and(put).expect("the server is there");
    }

    fn reference(&self) -> Reference {
        let state = match self {
            Plant::Nothing => State::Vacant,
            Plant::Bytes(bytes) => entry::decode(Bytes::from(bytes.clone())),
            Plant::List => State::Unreadable,
        };
        Reference { state, left: None }
    }
}

/// One server, and what the keys on it begin with.
#[derive(Clone)]
struct Place {
    connection: MultiplexedConnection,
    prefix: String,
}

impl Place {
    async fn new(url: &str, prefix: String) -> Place {
        let client = Client::open(url).expect("the URL is well-formed");
        let connection = client.get_multiplexed_async_connection().await;
        Place { connection: connection.expect("the server is there"), prefix }
    }
}

async fn sequence(seed: u64, store: &RedisStore, place: &mut Place) {
    let (rng, key) = (&mut Rng::with_seed(seed), format!("{}:{seed}", place.prefix));
    let connection = &mut place.connection;
    let mut reference = Reference::vacant();
    let mut history = History::default();
    for _ in 0..ACTIONS {
        if rng.u8(..5) == 0 {
            let plant = Plant::any(rng);
            history.note(&plant);
            plant.put(&key, connection).await;
            reference = plant.reference();
        } else {
            let step = reference.step(rng);
            history.note(&step);
            let reply = store.lane(&key).run(&key, step.clone()).await;
            let expected = timeless_reply(reference.take(step));
            history.expect_equal("reply", reply.map(timeless_reply), Ok(expected));
        }
        let state = store.lane(&key).run(&key, Step::Read).await;
        let expected = Reply::Found(reference.timeless());
        history.expect_equal("state", state.map(timeless_reply), Ok(expected));
        let left: i64 = connection.pttl(&key).await.expect("the server is there");
        // Lives are whole thousands of seconds, and no sequence takes as long as one.
        let left = u64::try_from(left)
            .ok()
            .map(|left| Duration::from_secs(left.div_ceil(1_000_000) * 1000));
        history.expect_equal("life", left, reference.left);
    }
}

/// Runs so many sequences, each on one of the places.
async fn follows(store: RedisStore, places: Vec<Place>, sequences: u64) {
    let store = Arc::new(store);
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        let (store, mut places) = (Arc::clone(&store), places.clone());
        workers.spawn(async move {
            for seed in (worker..sequences).step_by(WORKERS as usize) {
                let place = seed as usize % places.len();
                sequence(seed, &store, &mut places[place]).await;
            }
        });
    }
    // A worker that panics is a test that does.
    workers.join_all().await;
}

#[tokio::test]
async fn scripts_follow_the_protocol() {
    let server = RedisServer::start();
    let address = Address::parse(&server.url()).expect("the URL is well-formed");
    let place = Place::new(&server.url(), "key".to_owned()).await;
    let store = RedisStore::new(address, 2, Encryptor::default(), &Breakers::default());
    follows(store, vec![place], SEQUENCES).await;
}

#[tokio::test]
async fn on_a_cluster_they_do_too() {
    let cluster = RedisCluster::start();
    let seeds = Seeds::parse(&cluster.url()).expect("the URL is well-formed");
    let mut places = Vec::new();
    for (which, node) in cluster.nodes().iter().enumerate() {
        let mut tags = (0..1000).map(|tag| format!("{{{tag}}}"));
        let tag = tags.find(|tag| cluster.owner(tag) == which).expect("there are so many tags");
        places.push(Place::new(&format!("redis://127.0.0.1:{}", node.port()), tag).await);
    }
    let store = RedisStore::cluster(seeds, 2, Encryptor::default(), &Breakers::default());
    follows(store, places, SEQUENCES / 4).await;
}
