//! The options of the attributes, at work.

use super::*;

const TTL: Duration = Duration::from_secs(60);

#[derive(CacheKey)]
#[cache_key("by-key:<tenant>:<user.id>")]
struct UserKey<'a> {
    tenant: &'a str,
    user: &'a User,
    #[cache_key(skip)]
    _trace: f64,
}

#[cached(key = UserKey { tenant, user, _trace: 0.5 }, ttl = TTL, skip(loads))]
async fn by_key(loads: &Loads, tenant: &str, user: &User) -> String {
    loads.add_one();
    format!("{tenant} {}", user.name)
}

#[cached(key = format!("text:{id}"), ttl = |name: &String| name.len() as u64, skip(loads))]
async fn by_text(loads: &Loads, id: u64) -> String {
    loads.add_one();
    id.to_string()
}

#[cached(
    key = "all:<id>",
    ttl = "1h30m",
    lock(lease = "500ms", wait = 1),
    negative_ttl = TTL / 2,
    version = 2,
    name = "all the options",
    when = id != 7,
    unless = |user: &User| user.id == 8,
    cache = cache,
    skip(loads),
)]
async fn all(cache: &Cache, loads: &Loads, id: u64) -> Result<Option<User>, Failed> {
    loads.add_one();
    Ok(Some(user(id)))
}

#[tokio::test]
async fn keys_and_ttls_that_are_expressions() {
    let loads = Loads::default();
    assert_eq!(loads_once!(loads, by_key(&loads, "a", &user(1))), "a user 1");
    assert_eq!(loads_once!(loads, by_text(&loads, 1)), "1");
}

#[tokio::test]
async fn all_options_at_once() {
    let (cache, loads) = (Cache::in_memory(), Loads::default());
    for (id, runs) in [(1, 1), (7, 2), (8, 2)] {
        for _ in 0..2 {
            assert_eq!(all(&cache, &loads, id).await, Ok(Some(user(id))));
        }
        assert_eq!(loads.take(), runs, "id {id}");
    }
    assert!(cache.stats().function("all the options").is_some());
    assert_eq!(cache.get::<User>("all:1:v2").await.unwrap(), Some(user(1)));
}

#[cached(
    key = "tagged:<id>",
    ttl = 60,
    jitter = 0.1,
    stale_if_error = 60,
    tags = ["parity:<parity>", format!("id:{id}")],
    codec = json,
    max_bytes = 40,
    skip(loads, parity)
)]
async fn tagged(loads: &Loads, parity: u64, id: u64) -> String {
    loads.add_one();
    "x".repeat(usize::try_from(id).unwrap())
}

#[invalidates(tags("parity:<parity>"))]
async fn forget_tagged(parity: u64) {
    let _ = parity;
}

#[invalidates("something:else", tags(format!("id:{id}")))]
async fn forget_one(id: u64) {
    let _ = id;
}

#[tokio::test]
async fn a_writer_of_a_tag_reaches_its_readers() {
    let loads = Loads::default();
    let read = async |expected| {
        for id in 1..=4 {
            tagged(&loads, id % 2, id).await;
        }
        assert_eq!(loads.take(), expected);
    };
    Cache::in_memory()
        .scope(async {
            read(4).await;
            read(0).await;
            forget_tagged(1).await;
            read(2).await;
            forget_one(2).await;
            read(1).await;
        })
        .await;
}

#[tokio::test]
async fn what_is_too_large_is_not_stored() {
    let loads = Loads::default();
    Cache::in_memory()
        .scope(async {
            for _ in 0..2 {
                tagged(&loads, 0, 100).await;
            }
        })
        .await;
    assert_eq!(loads.take(), 2);
}

#[cached(key = "packed:<id>", ttl = 60, codec = msgpack, compress = lz4, max_bytes = 100, skip(loads))]
async fn packed(loads: &Loads, id: u64) -> Option<String> {
    loads.add_one();
    Some(id.to_string().repeat(2000))
}

#[cached(key = "packed:<ids>", each = ids, ttl = 60, codec = postcard, compress(zstd, over = 10), max_bytes = 100, skip(loads))]
async fn packed_many(loads: &Loads, ids: &[u64]) -> HashMap<u64, String> {
    loads.add_one();
    ids.iter().map(|&id| (id, id.to_string().repeat(2000))).collect()
}

/// None of the values would be small enough without, and each of the two reads what the other has written.
#[tokio::test]
async fn codecs_and_compression() {
    let loads = Loads::default();
    Cache::in_memory()
        .scope(async {
            let packed = packed(&loads, 1).await.unwrap();
            assert_eq!(packed_many(&loads, &[1]).await[&1], packed);
            let many = packed_many(&loads, &[2]).await;
            assert_eq!(self::packed(&loads, 2).await.as_ref(), many.get(&2));
        })
        .await;
    assert_eq!(loads.take(), 2);
}

#[cached(key = "versioned:<id>", ttl = 60, version = 2, skip(loads))]
async fn versioned(loads: &Loads, id: u64) -> u64 {
    loads.add_one();
    id
}

#[invalidates("versioned:<id>", version = 2)]
async fn forget_versioned(id: u64) {
    let _ = id;
}

#[tokio::test]
async fn a_writer_of_a_version_reaches_its_readers() {
    let loads = Loads::default();
    let cache = Cache::in_memory();
    let calls = async {
        versioned(&loads, 1).await;
        assert_eq!(cache.get::<u64>("versioned:1:v2").await, Ok(Some(1)));
        forget_versioned(1).await;
        versioned(&loads, 1).await;
    };
    cache.scope(calls).await;
    assert_eq!(loads.take(), 2, "the write reached no reader");
}
