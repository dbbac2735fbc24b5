//! No argument of a call reaches a key that it is not meant to: another entry's, a tag's, a queue's, or what the cache
//! keeps beside an entry.

use std::collections::BTreeSet;

use cache_runtime::{Cache, CacheKey, Policy, cached, invalidates, stored_key};
use cache_tests::{
    direct::Direct,
    server::RedisServer,
    source::Source,
    stores::{DEADLINE, built, patient_cache},
};
use proptest::prelude::*;
use redis::cmd;

const VIEWS: Policy = Policy::ttl(600).name("views");

/// Begins with what comes from outside, so that nothing stands before it but the namespace.
#[cached(key = "<text>", ttl = 60, tags = ["<text>"], stale_while_revalidate = 60, cache = cache, skip(cache, source))]
async fn by_text(cache: Cache, source: std::sync::Arc<Source>, text: String) -> u64 {
    source.query().await
}

#[cached(key = "views:<page>", ttl = 60, tags = ["plan:<page>"], cache = cache, skip(cache, source))]
async fn views(cache: &Cache, source: &Source, page: &str) -> u64 {
    source.query().await
}

#[invalidates("<text>", tags("<text>"), cache = cache)]
async fn forget(cache: &Cache, text: &str) -> Result<(), String> {
    _ = text;
    Ok(())
}

/// Texts that are the names of keys that mean something.
fn names() -> Vec<String> {
    let names = [
        "views:home",
        "views:home#refresh",
        "views:home#0000000000000007",
        "#all",
        "shop:#all",
        "#tag:plan:home",
        "shop:#tag:plan:home",
        "tag:plan:home",
        "#queue:views",
        "shop:#queue:views",
        "#dead:views",
        "#dead-keys:views",
        "#flusher:views",
        "\r\nFLUSHALL\r\n",
        "x\r\n*1\r\n$8\r\nFLUSHALL\r\n",
        "\0",
        "*",
        "?",
        "",
        "%23all",
        "''",
        "shop",
        "{}",
        "\u{202E}home:sweiv",
    ];
    let long = ["#", ":", "\r\n", "a"].map(|text| text.repeat(1 << 16));
    names.into_iter().map(str::to_owned).chain(long).collect()
}

async fn keys(redis: &Direct) -> BTreeSet<Vec<u8>> {
    redis.send(cmd("KEYS").arg("*")).await
}

async fn dump(redis: &Direct, keys: &BTreeSet<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut dumps = Vec::new();
    for key in keys {
        dumps.push(redis.send(cmd("DUMP").arg(key)).await);
    }
    dumps
}

#[tokio::test]
async fn a_text_that_is_the_name_of_a_key_reaches_it_in_no_way() {
    let server = RedisServer::start();
    let redis = Direct::to(&server).await;
    for namespace in [None, Some("shop")] {
        let mut cache = Cache::builder().url(&server.url()).deadline(DEADLINE);
        if let Some(name) = namespace {
            cache = cache.namespace(name);
        }
        let cache = built(cache).await;
        let source = Source::open();
        // An entry with a tag, a queue with a write in it, and a lease of a refresh.
        let home = views(&cache, &source, "home").await;
        let queue = cache.write_behind::<u64>("views", &VIEWS);
        queue.write("pending:home", &7).await.expect("there is room");
        let theirs = keys(&redis).await;
        let before = dump(&redis, &theirs).await;

        for text in names() {
            let queries = source.queries();
            for _ in 0..2 {
                by_text(cache.clone(), source.clone(), text.clone()).await;
            }
            assert_eq!(source.queries(), queries + 1, "{text:.40?} has an entry of its own");
            forget(&cache, &text).await.expect("it does nothing");
            by_text(cache.clone(), source.clone(), text.clone()).await;
            assert_eq!(source.queries(), queries + 2, "{text:.40?} is forgotten");
        }
        assert!(dump(&redis, &theirs).await == before, "what was there is as it was");
        assert_eq!(views(&cache, &source, "home").await, home);
        assert_eq!(queue.len().await, Ok(1));
        let ours = keys(&redis).await;
        let ours: Vec<_> = ours.difference(&theirs).collect();
        assert_eq!(ours.len(), 2 * names().len(), "an entry and a tag for each: {ours:?}");
        for key in ours {
            let key = std::str::from_utf8(key).expect("a key is ASCII");
            assert!(key.len() <= 512 && key.bytes().all(|b| b.is_ascii_graphic()), "{key}");
        }
        // So that the next one begins anew.
        assert_eq!(server.command(&["FLUSHALL"]).trim(), "+OK");
    }
}

/// A `str` is a key as it stands, so these are whole keys, of any bytes that text can have.
#[tokio::test]
async fn a_key_of_any_text_is_one_key() {
    let server = RedisServer::start();
    let cache = patient_cache(&server.url()).await;
    let own = |text: &&String| !text.contains('#') && !text.is_empty();
    let names = names();
    let texts: Vec<&String> = names.iter().filter(own).collect();
    for (at, text) in texts.iter().enumerate() {
        cache.try_put(text.as_str(), &at, 60).await.expect("it can be put");
    }
    for (at, text) in texts.iter().enumerate() {
        assert_eq!(cache.get(text.as_str()).await, Ok(Some(at)), "{text:.40?}");
    }
    let size = server.command(&["DBSIZE"]);
    assert_eq!(size.trim(), format!(":{}", texts.len()));
}

#[tokio::test]
async fn a_namespace_is_none_of_the_caches_own_keys() {
    for namespace in ["shop:#tag", "#queue", "shop#"] {
        let built = Cache::builder().namespace(namespace).build().await;
        let error = built.expect_err("it must not be accepted").to_string();
        assert!(error.contains('#'), "{error}");
    }
}

#[derive(CacheKey)]
#[cache_key("a:<a>/<b>")]
struct Pair<'a> {
    a: &'a str,
    b: &'a str,
}

#[derive(CacheKey)]
#[cache_key("<a>")]
struct Alone<'a> {
    a: &'a str,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A `#` is in a key only where it is too long, and then before a digest.
    #[test]
    fn no_value_writes_a_mark_of_the_caches_own(
        a in "(#|:|\r\n|\0|%|tag|all|refresh|\\PC){0,12}",
        b in "(#|/|queue|dead|[^a]){0,200}",
    ) {
        for key in [stored_key(&Pair { a: &a, b: &b }), stored_key(&Alone { a: &b })] {
            prop_assert!(key.bytes().all(|byte| byte.is_ascii_graphic()), "{}", key);
            let (_, digest) = key.split_once('#').unwrap_or_default();
            let is_digest = digest.len() == 32 && digest.bytes().all(|b| b.is_ascii_hexdigit());
            prop_assert!(digest.is_empty() || is_digest, "{}", key);
            prop_assert!(key.len() <= 512);
        }
    }
}
