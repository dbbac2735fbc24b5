//! Encryption: what is on the server gives nothing away, and nothing that was done to it there is taken for a value.

mod flips;
mod forged;
mod leaks;
mod queues;
mod rotation;
mod secrets;

use cache_runtime::{Cache, CacheValue, KeyRing, Policy};
use cache_tests::{
    direct::Direct,
    herd::counters,
    server::RedisServer,
    stores::{DEADLINE, built},
};
use redis::cmd;
use serde::{Deserialize, Serialize};

const OLD: [u8; 32] = [1; 32];
const NEW: [u8; 32] = [2; 32];

const ROWS: Policy = Policy::ttl(600).value::<Row>().name("rows");

/// A value with something in it that is searched for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Row {
    id: u64,
    name: String,
}

/// What no server may see.
const MARKER: &str = "a-name-to-be-kept-secret";

fn row(id: u64) -> Row {
    Row { id, name: MARKER.to_owned() }
}

fn key(id: u64) -> String {
    format!("row:{id}")
}

/// A server, and a connection past every cache.
struct Bed {
    server: RedisServer,
    redis: Direct,
}

impl Bed {
    async fn new() -> Bed {
        let server = RedisServer::start();
        let redis = Direct::to(&server).await;
        Bed { server, redis }
    }

    /// A cache on the server, with these keys or none.
    async fn cache(&self, ring: Option<KeyRing>) -> Cache {
        let mut cache = Cache::builder().url(&self.server.url()).deadline(DEADLINE);
        if let Some(ring) = ring {
            cache = cache.encryption(ring);
        }
        built(cache).await
    }

    async fn sealed(&self) -> Cache {
        self.cache(Some(KeyRing::new("new", &NEW))).await
    }

    /// Whether anything that the server has, under any key, has these bytes in it.
    async fn knows(&self, text: &str) -> bool {
        let mut found = false;
        let keys: Vec<String> = self.redis.send(cmd("KEYS").arg("*")).await;
        assert!(!keys.is_empty(), "there is something to search in");
        for key in keys {
            let kind: String = self.redis.send(cmd("TYPE").arg(&key)).await;
            let read = match &*kind {
                "string" => cmd("GET").arg(&key).clone(),
                "stream" => cmd("XRANGE").arg(&key).arg("-").arg("+").clone(),
                "hash" => cmd("HGETALL").arg(&key).clone(),
                other => panic!("{key} is a {other}"),
            };
            let value: redis::Value = self.redis.send(&read).await;
            found |= has(&value, text.as_bytes());
        }
        found
    }
}

fn has(value: &redis::Value, text: &[u8]) -> bool {
    match value {
        redis::Value::BulkString(bytes) => bytes.windows(text.len()).any(|part| part == text),
        redis::Value::Array(parts) => parts.iter().any(|part| has(part, text)),
        redis::Value::Int(_) | redis::Value::Nil => false,
        other => panic!("an answer that this test does not read: {other:?}"),
    }
}

/// The row under its key, or the one of the database, of which the name says that it was loaded.
async fn load(cache: &Cache, id: u64) -> Row {
    let loaded = Row { id, name: "loaded".to_owned() };
    let read = cache.get_or_load(key(id), &ROWS, || async { Ok::<_, String>(loaded) }).await;
    read.expect("the database is there")
}

fn undecodable(cache: &Cache) -> u64 {
    counters(cache, "rows").undecodable
}

/// That what is under the key is a miss, is counted, says why it is one, and is replaced.
async fn expect_refused(cache: &Cache, id: u64, why: &str) {
    let error = cache.get::<Row>(key(id)).await.expect_err("it must not be read").to_string();
    assert!(error.contains(why), "{error}");
    let before = undecodable(cache);
    assert_eq!(load(cache, id).await.name, "loaded", "{why}");
    assert_eq!(undecodable(cache), before + 1, "{why}");
    assert_eq!(load(cache, id).await.name, "loaded", "{why}");
    assert_eq!(undecodable(cache), before + 1, "it was replaced: {why}");
    assert_eq!(cache.get::<Row>(key(id)).await.expect("it is a good one").expect("there").id, id);
}
