//! Entries that somebody has made to fill the memory of whoever reads them: misses, counted, replaced, and cheap.
//!
//! One test, for all that this process allocates is counted.

use std::{
    alloc::System,
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use cache_runtime::{Cache, CacheValue, Codec, Compression, Policy};
use cache_tests::{direct::Direct, herd::counters, server::RedisServer, stores::patient_cache};
use serde::{Deserialize, Serialize};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const KEY: &str = "rows";
const MIB: usize = 1 << 20;

/// A value with everything in it that can be claimed to be long or deep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, CacheValue)]
struct Rows {
    texts: Vec<String>,
    numbers: Vec<u64>,
    units: Vec<()>,
    map: BTreeMap<String, HashMap<u64, Vec<u8>>>,
    inner: Option<Box<Rows>>,
}

fn loaded() -> Rows {
    Rows { texts: vec!["loaded".to_owned()], ..Rows::default() }
}

const ROWS: Policy = Policy::ttl(600).value::<Rows>().name("rows");

/// An attacker with a connection, and an entry of which all but the payload is as it should be.
struct Attacker {
    redis: Direct,
    header: Vec<u8>,
}

impl Attacker {
    async fn new(server: &RedisServer, cache: &Cache) -> Attacker {
        let redis = Direct::to(server).await;
        cache.get_or_load(KEY, &ROWS, || async { Some(loaded()) }).await;
        let header = redis.get(KEY).await[..54].to_vec();
        Attacker { redis, header }
    }

    async fn plant(&self, codec: u8, compression: u8, payload: &[u8]) {
        let mut bytes = self.header.clone();
        (bytes[19], bytes[21]) = (codec, compression);
        let length = u32::try_from(payload.len()).expect("it is not that long");
        bytes[22..26].copy_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(payload);
        self.redis.set(KEY, &bytes).await;
    }
}

/// That what is under the key is replaced, and costs no more than `most` bytes, taken together.
async fn expect_harmless(cache: &Cache, policy: &Policy, what: &str, most: usize) {
    let undecodable = counters(cache, "rows").undecodable;
    let region = Region::new(ALLOCATOR);
    let read = cache.get_or_load(KEY, policy, || async { Some(loaded()) }).await;
    let change = region.change();
    let allocated = change.bytes_allocated + change.bytes_reallocated.unsigned_abs();
    assert_eq!(read, Some(loaded()), "{what}");
    assert_eq!(counters(cache, "rows").undecodable, undecodable + 1, "{what} is counted");
    println!("{what}: {allocated} bytes");
    assert!(allocated < most, "{what}: {allocated} bytes were allocated");
    cache.get_or_load(KEY, policy, || async { None::<Rows> }).await.expect("it was replaced");
    assert_eq!(counters(cache, "rows").undecodable, undecodable + 1, "{what} was replaced");
}

/// Payloads of few bytes that claim to be many, or deep.
fn lies() -> Vec<(&'static str, u8, Vec<u8>)> {
    let fields = ["texts", "numbers", "units", "map", "inner"];
    let packed = |field: &str, value: &[u8]| {
        let name = [&[0xA0 + field.len() as u8], field.as_bytes()].concat();
        [&[0x85][..], &name, value].concat()
    };
    let mut lies = Vec::new();
    for field in fields {
        for mark in [0xDD, 0xDF, 0xDB, 0xC6] {
            let value = [&[mark][..], &[0xFF; 4], b"\x01\x01\x01"].concat();
            lies.push(("a MessagePack length", b'm', packed(field, &value)));
        }
    }
    lies.push(("MessagePack without end", b'm', packed("inner", b"\x81\xA5inner").repeat(50_000)));
    let most = [&[0xFF; 9][..], &[0x01]].concat();
    for before in 0..4 {
        let payload = [&vec![0; before][..], &most, &[1; 8]].concat();
        lies.push(("a Postcard length", b'p', payload));
    }
    lies.push(("a Postcard text", b'p', [&[1][..], &most, &[1; 8]].concat()));
    lies.push(("Postcard without end", b'p', [0, 0, 0, 0, 1].repeat(50_000)));
    lies.push(("JSON without end", b'j', b"{\"inner\":".repeat(50_000)));
    lies.push(("JSON of lists without end", b'j', b"{\"other\":[[[[[[[[".repeat(50_000)));
    lies
}

#[tokio::test]
async fn an_entry_cannot_fill_the_memory_of_its_reader() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let attacker = Attacker::new(&server, &cache).await;
    for (what, codec, payload) in lies() {
        attacker.plant(codec, 0, &payload).await;
        expect_harmless(&cache, &ROWS, what, payload.len() * 8 + 4 * MIB).await;
    }

    let compressions = [(Compression::Lz4, b'l'), (Compression::Zstd, b'z')];
    for (compression, mark) in compressions {
        // As many bytes as a policy without limits would write.
        let unlimited = ROWS.compress(compression).max_decompressed_bytes(usize::MAX);
        // It takes a while to write them, in which no lease is renewed.
        let unlimited = unlimited.lease(Duration::from_secs(600));
        for (size, codec) in [(65 * MIB, Codec::Json), (130 * MIB, Codec::Postcard)] {
            let bomb = Rows { texts: vec!["a".repeat(size)], ..Rows::default() };
            let policy = unlimited.codec(codec);
            cache.try_invalidate(KEY).await.expect("the server is there");
            cache.get_or_load(KEY, &policy, || async { Some(bomb) }).await;
            let stored = attacker.redis.get(KEY).await.len();
            assert!((54..size / 200).contains(&stored), "{stored} bytes stand for {size}");
            // It says how long it is, so nothing is set aside for it.
            expect_harmless(&cache, &ROWS, &format!("a bomb by {compression:?}"), 3 * MIB).await;
        }

        let strict = ROWS.max_decompressed_bytes(MIB);
        let value = Rows { texts: vec!["a".repeat(2 * MIB)], ..Rows::default() };
        cache.try_invalidate(KEY).await.expect("the server is there");
        cache.get_or_load(KEY, &unlimited, || async { Some(value) }).await;
        let payload = attacker.redis.get(KEY).await[54..].to_vec();
        expect_harmless(&cache, &strict, "a little bomb", 4 * MIB).await;
        if mark == b'l' {
            // A length that no block of so many bytes can have.
            for claim in [u32::MAX, 64 << 20, payload.len() as u32 * 256] {
                let lie = [&claim.to_le_bytes()[..], &payload[4..100]].concat();
                attacker.plant(b'j', mark, &lie).await;
                expect_harmless(&cache, &ROWS, "a claim", 3 * MIB).await;
            }
        } else {
            // Frames that are small each.
            attacker.plant(b'j', mark, &payload.repeat(1000)).await;
            expect_harmless(&cache, &ROWS, "frames after frames", 4 * 64 * MIB).await;
        }
    }
}
