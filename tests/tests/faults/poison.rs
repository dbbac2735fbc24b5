//! Keys that hold what this cache did not write, or can no longer read: a miss, counted, and replaced.

use std::sync::Arc;

use cache_runtime::{Cache, Error, Policy, cached, invalidates};
use cache_tests::{
    direct::Direct,
    herd::{Herd, counters, missed},
    server::RedisServer,
    source::Source,
    stores::{on_each_store, patient_cache},
};
use redis::{Cmd, cmd};
use serde::{Deserialize, Serialize};

const KEY: &str = "row:1";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    id: u64,
    name: String,
}

/// What a key could hold for another function, or held before a deployment.
#[derive(Serialize)]
struct Other {
    key: (u8, u8),
    flags: Vec<bool>,
}

impl Row {
    fn from(query: u64) -> Row {
        Row { id: query, name: "Ann".to_owned() }
    }
}

#[cached(key = "row:<id>", ttl = 60, cache = cache, skip(cache, source), name = "row")]
async fn row(cache: &Cache, source: &Source, id: u64) -> Row {
    Row::from(source.query().await)
}

#[cached(key = "row:<id>", ttl = 60, lock, cache = cache, skip(cache, source), name = "locked")]
async fn locked(cache: &Cache, source: &Source, id: u64) -> Row {
    Row::from(source.query().await)
}

#[invalidates("row:<id>", cache = cache, name = "rename")]
async fn rename(cache: &Cache, id: u64) -> u64 {
    id
}

/// A server, a cache on it, and a connection past the cache.
struct Bed {
    server: RedisServer,
    cache: Cache,
    redis: Direct,
}

impl Bed {
    async fn new() -> Bed {
        let server = RedisServer::start();
        let cache = patient_cache(&server.url()).await;
        let redis = Direct::to(&server).await;
        Bed { server, cache, redis }
    }

    /// Puts `poison` under the key, in the place of whatever is there.
    async fn plant(&self, poison: &Cmd) {
        self.redis.send::<()>(cmd("DEL").arg(KEY)).await;
        self.redis.send::<redis::Value>(poison).await;
    }

    async fn plant_bytes(&self, poison: &[u8]) {
        self.plant(cmd("SET").arg(KEY).arg(poison)).await;
    }

    /// A row as this cache writes it.
    async fn entry(&self) -> Vec<u8> {
        self.cache.try_put(KEY, &Row::from(0), 60).await.expect("the server is there");
        self.redis.get(KEY).await
    }

    /// Everything that the tests plant, by name.
    async fn poisons(&self) -> Vec<(&'static str, Cmd)> {
        let entry = self.entry().await;
        self.cache.try_put(KEY, &Other { key: (1, 2), flags: vec![] }, 60).await.expect("there");
        let other = self.redis.get(KEY).await;
        let with = |at: usize, byte: u8| {
            let mut bytes = entry.clone();
            bytes[at] = byte;
            bytes
        };
        let lease = [b"\xCAL".as_slice(), &[7; 16]].concat();
        let fence = [b"\xCAF".as_slice(), &[7; 16]].concat();
        let strings = [
            ("nothing at all", vec![]),
            ("garbage", b"\x00\xFF\xFE garbage \r\n".to_vec()),
            ("text", b"{\"id\":7,\"name\":\"Eve\"}".to_vec()),
            ("a megabyte of zeros", vec![0; 1 << 20]),
            ("the first byte of an entry", vec![0xCA]),
            ("an unknown kind", [b"\xCAX".as_slice(), &entry[2..]].concat()),
            ("the mark of another codec", with(19, b'm')),
            ("more tags than there are bytes", with(20, 255)),
            ("a header without its payload", entry[..54].to_vec()),
            ("a truncated entry", entry[..entry.len() - 1].to_vec()),
            ("an entry with something behind it", [&*entry, b" "].concat()),
            ("a payload that is no JSON", with(54, b'?')),
            ("an entry of another type", other),
            ("a fence without writers", fence.clone()),
            ("a fence of no writers", [&*fence, b"00"].concat()),
            ("a fence of too many writers", [&*fence, b"01234567890"].concat()),
            ("a fence that is unsure", [&*fence, b"21"].concat()),
            ("a fence with something behind it", [&*fence, b"01 "].concat()),
            ("a short lease", lease[..17].to_vec()),
            ("a lease with something behind it", [&*lease, b"!"].concat()),
        ];
        let mut poisons: Vec<_> = strings
            .into_iter()
            .map(|(name, bytes)| (name, cmd("SET").arg(KEY).arg(bytes).clone()))
            .collect();
        poisons.push(("a list", cmd("RPUSH").arg(KEY).arg("row").clone()));
        poisons.push(("a hash", cmd("HSET").arg(KEY).arg("id").arg(7).clone()));
        poisons.push(("a set", cmd("SADD").arg(KEY).arg("row").clone()));
        poisons.push(("a stream", cmd("XADD").arg(KEY).arg("*").arg("id").arg(7).clone()));
        poisons
    }
}

#[tokio::test]
async fn a_call_loads_and_puts_a_good_entry_in_the_place_of_a_bad_one() {
    let bed = Bed::new().await;
    for (name, poison) in bed.poisons().await {
        let cache = bed.cache.clone();
        let source = Source::open();
        for (function, call) in [("row", false), ("locked", true)] {
            bed.plant(&poison).await;
            let queries = source.queries();
            let undecodable = counters(&cache, function).undecodable;
            for _ in 0..2 {
                let answer = match call {
                    false => row(&cache, &source, 1).await,
                    true => locked(&cache, &source, 1).await,
                };
                assert_eq!(answer, Row::from(queries + 1), "{name}, by `{function}`");
            }
            assert_eq!(source.queries(), queries + 1, "{name}: the second call is a hit");
            let counted = counters(&cache, function).undecodable - undecodable;
            assert_eq!(counted, 1, "{name}, by `{function}`");
        }
        let entry: Option<Row> = cache.get(KEY).await.expect("it can be read");
        assert_eq!(entry, Some(Row::from(source.queries())), "{name}");
    }
    assert_eq!(bed.cache.stats().total().store_errors, 0);
}

#[tokio::test]
async fn many_callers_that_find_a_bad_entry_cost_one_load() {
    let bed = Bed::new().await;
    for (name, poison) in bed.poisons().await {
        // A cache for each, since they count together.
        let cache = patient_cache(&bed.server.url()).await;
        let source = Source::held();
        bed.plant(&poison).await;
        let herd = Herd::of(100, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { locked(&cache, &source, 1).await }
        });
        missed(&cache, "locked", 100).await;
        source.answer_all();
        assert!(herd.answers().await.iter().all(|row| *row == Row::from(1)), "{name}");
        assert_eq!(source.queries(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_direct_read_is_an_error_and_leaves_the_key() {
    let bed = Bed::new().await;
    for (name, poison) in bed.poisons().await {
        bed.plant(&poison).await;
        let read = bed.cache.get::<Row>(KEY).await;
        assert!(matches!(read, Err(Error::Codec(_))), "{name}: {read:?}");
        assert!(bed.redis.send::<bool>(cmd("EXISTS").arg(KEY)).await, "{name}");
    }
}

#[tokio::test]
async fn a_direct_write_replaces_it() {
    let bed = Bed::new().await;
    for (name, poison) in bed.poisons().await {
        bed.plant(&poison).await;
        assert_eq!(bed.cache.try_put(KEY, &Row::from(7), 60).await, Ok(()), "{name}");
        assert_eq!(bed.cache.get(KEY).await, Ok(Some(Row::from(7))), "{name}");
    }
}

#[tokio::test]
async fn an_invalidation_removes_it() {
    let bed = Bed::new().await;
    for (name, poison) in bed.poisons().await {
        bed.plant(&poison).await;
        assert_eq!(bed.cache.try_invalidate(KEY).await, Ok(()), "{name}");
        assert!(!bed.redis.send::<bool>(cmd("EXISTS").arg(KEY)).await, "{name}");

        bed.plant(&poison).await;
        assert_eq!(rename(&bed.cache, 1).await, 1, "{name}");
        assert!(!bed.redis.send::<bool>(cmd("EXISTS").arg(KEY)).await, "{name}");

        bed.plant(&poison).await;
        let fence = bed.cache.fence([KEY]).await;
        assert!(fence.stands(), "{name}");
        assert_eq!(fence.try_settle().await, Ok(()), "{name}");
        assert!(!bed.redis.send::<bool>(cmd("EXISTS").arg(KEY)).await, "{name}");
    }
    assert_eq!(bed.cache.stats().total().store_errors, 0);
}

#[tokio::test]
async fn an_entry_that_is_cut_anywhere_is_replaced() {
    let bed = Bed::new().await;
    let entry = bed.entry().await;
    let source = Source::open();
    for length in 0..entry.len() {
        bed.plant_bytes(&entry[..length]).await;
        let queries = source.queries();
        assert_eq!(row(&bed.cache, &source, 1).await, Row::from(queries + 1), "cut at {length}");
        assert_eq!(row(&bed.cache, &source, 1).await, Row::from(queries + 1), "cut at {length}");
    }
}

/// Any change to the bytes before the payload leaves an entry that is read as it was, or not at all.
#[tokio::test]
async fn a_header_with_any_byte_changed_never_makes_another_value() {
    let bed = Bed::new().await;
    let entry = bed.entry().await;
    let mut random = fastrand::Rng::with_seed(1);
    for round in 0..2000 {
        let mut bytes = entry.clone();
        for _ in 0..=round % 3 {
            bytes[random.usize(..54)] = random.u8(..);
        }
        // A key that turns out to hold a lease or a fence is left alone: nobody can tell.
        if bytes[1] == b'L' || bytes[1] == b'F' {
            continue;
        }
        // A header that seems to be of another layout has an entry beside it, which would be found again.
        bed.redis.send::<()>(&cmd("FLUSHALL")).await;
        bed.plant_bytes(&bytes).await;
        let loaded = Source::open();
        let answer = row(&bed.cache, &loaded, 1).await;
        let good = answer == Row::from(0) && loaded.queries() == 0;
        let replaced = answer == Row::from(1) && loaded.queries() == 1;
        assert!(good || replaced, "{bytes:02X?}: {answer:?}, {} loads", loaded.queries());
        assert_eq!(row(&bed.cache, &loaded, 1).await, answer, "{bytes:02X?}: it is a hit then");
    }
}

#[tokio::test]
async fn two_functions_that_disagree_on_a_key_have_entries_of_their_own() {
    on_each_store(async |cache| {
        let source = Source::open();
        let text = || async { Ok::<_, String>("seven".to_owned()) };
        for _ in 0..3 {
            let answer = cache.get_or_load(KEY, &Policy::ttl(60), text).await;
            assert_eq!(answer.as_deref(), Ok("seven"));
            assert_eq!(row(&cache, &source, 1).await, Row::from(1));
            assert_eq!(row(&cache, &source, 1).await, Row::from(1), "it was stored");
        }
        assert_eq!((counters(&cache, "row").undecodable, source.queries()), (0, 1));
    })
    .await;
}

/// A loaded value that JSON can write and not read again, as a number that is none.
#[cached(key = "ratio:<id>", ttl = 60, cache = cache, skip(cache, source), name = "ratio")]
async fn ratio(cache: &Cache, source: &Source, id: u64) -> f64 {
    source.query().await;
    f64::NAN
}

/// A loaded value that JSON cannot write.
#[cached(key = "pairs:<id>", ttl = 60, cache = cache, skip(cache, source), name = "pairs")]
async fn pairs(cache: &Cache, source: &Source, id: u64) -> std::collections::BTreeMap<Pair, u64> {
    [(Pair(1, 2), source.query().await)].into()
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Pair(u8, u8);

#[tokio::test]
async fn a_value_that_cannot_be_read_back_is_still_the_answer() {
    on_each_store(async |cache| {
        let source = Source::open();
        for call in 1..4 {
            assert!(ratio(&cache, &source, 1).await.is_nan());
            assert_eq!(source.queries(), call);
        }
        let counters = counters(&cache, "ratio");
        assert!(counters.undecodable + counters.unencodable >= 2, "it is counted: {counters:?}");
    })
    .await;
}

#[tokio::test]
async fn callers_of_a_value_that_cannot_be_read_back_do_not_queue() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(100, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { ratio(&cache, &source, 1).await }
        });
        missed(&cache, "ratio", 100).await;
        source.answer(1);
        source.runs(4).await;
        source.answer_all();
        assert!(herd.answers().await.iter().all(|ratio| ratio.is_nan()));
    })
    .await;
}

#[tokio::test]
async fn a_value_that_cannot_be_written_is_still_the_answer() {
    on_each_store(async |cache| {
        let source = Source::open();
        for call in 1..4 {
            assert_eq!(pairs(&cache, &source, 1).await, [(Pair(1, 2), call)].into());
        }
        assert_eq!(counters(&cache, "pairs").unencodable, 3);
    })
    .await;
}

#[tokio::test]
async fn callers_of_a_value_that_cannot_be_written_do_not_queue() {
    on_each_store(async |cache| {
        let source = Source::held();
        let herd = Herd::of(100, || {
            let (cache, source) = (cache.clone(), Arc::clone(&source));
            async move { pairs(&cache, &source, 1).await }
        });
        missed(&cache, "pairs", 100).await;
        source.answer(1);
        source.runs(4).await;
        source.answer_all();
        assert_eq!(herd.answers().await.len(), 100);
    })
    .await;
}
