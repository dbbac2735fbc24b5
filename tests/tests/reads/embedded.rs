//! The embedded store when it is full: what is stored is there until others push it out.

use cache_runtime::{Cache, Policy};

const MINUTE: Policy = Policy::ttl(60);

/// The most values, and the bytes of each, of stores that are full.
const FULL: [(&str, u64, usize); 3] = [
    ("memory://?capacity=1000", 1_000, 10),
    ("memory://?capacity=10000", 10_000, 10),
    ("memory://?max_bytes=4MiB", 10_000, 300),
];

/// A store that is full of values that are read again and again.
async fn full((url, values, bytes): (&str, u64, usize)) -> Cache {
    let cache = Cache::connect(url).await.expect("a good URL");
    let value = "x".repeat(bytes);
    for id in 0..values {
        cache.try_put(format!("old:{id}"), &value, 60).await.expect("the embedded store answers");
    }
    for _ in 0..3 {
        for id in 0..values {
            _ = cache.get::<String>(format!("old:{id}")).await;
        }
    }
    cache
}

#[tokio::test]
async fn what_was_put_can_be_read() {
    for store in FULL {
        let cache = full(store).await;
        for id in 0..200 {
            cache.try_put(format!("new:{id}"), &id, 60).await.expect("the embedded store answers");
        }
        for id in 0..200 {
            assert_eq!(cache.get(format!("new:{id}")).await, Ok(Some(id)), "{store:?}");
        }
    }
}

#[tokio::test]
async fn what_was_written_through_is_read_back() {
    for store in FULL {
        let cache = full(store).await;
        for id in 0..200 {
            let write = || async move { Ok::<_, String>(id) };
            assert_eq!(cache.write_through(format!("new:{id}"), &MINUTE, write).await, Ok(id));
        }
        for id in 0..200 {
            assert_eq!(cache.get(format!("new:{id}")).await, Ok(Some(id)), "{store:?}");
        }
    }
}

/// Reads each id once, and returns how many were loaded.
async fn read(cache: &Cache, policy: &Policy, ids: std::ops::Range<u64>) -> u64 {
    let before = cache.stats().functions.iter().map(|function| function.loads).sum::<u64>();
    for id in ids {
        let loaded = cache.get_or_load(format!("new:{id}"), policy, || async move { Some(id) });
        assert_eq!(loaded.await, Some(id));
    }
    cache.stats().functions.iter().map(|function| function.loads).sum::<u64>() - before
}

#[tokio::test]
async fn a_new_working_set_has_hits_at_once() {
    for store in FULL {
        let cache = full(store).await;
        let (first, second) =
            (read(&cache, &MINUTE, 0..400).await, read(&cache, &MINUTE, 0..400).await);
        assert_eq!((first, second), (400, 0), "{store:?}");
    }
}

/// Each with a tag of its own, whose stamp is kept too.
#[tokio::test]
async fn tags_take_no_room_from_values() {
    let cache = Cache::builder().url("memory://?capacity=1000").namespace("shop");
    let cache = cache.build().await.expect("a good URL");
    let mut loads = Vec::new();
    for _ in 0..3 {
        let mut loaded = 0;
        for id in 0..900 {
            let tagged = cache.tagged([format!("row:{id}"), format!("page:{}", id / 10)]);
            let load = async || {
                loaded += 1;
                Some(id)
            };
            assert_eq!(tagged.get_or_load(format!("row:{id}"), &MINUTE, load).await, Some(id));
        }
        loads.push(loaded);
    }
    assert_eq!(loads, [900, 0, 0]);
}

#[tokio::test]
async fn a_value_that_is_too_large_for_the_store_is_counted() {
    let cache = Cache::connect("memory://?max_bytes=1MiB").await.expect("a good URL");
    let (small, large) = ("x".repeat(100_000), "x".repeat(2 << 20));
    cache.try_put("small", &small, 60).await.expect("the embedded store answers");
    assert_eq!(cache.stats().store.oversized, 0);
    cache.try_put("large", &large, 60).await.expect("the embedded store answers");
    assert_eq!(cache.stats().store.oversized, 1);
    assert_eq!(cache.get::<String>("large").await, Ok(None));
    assert_eq!(cache.get("small").await, Ok(Some(small)));
}
