//! Two versions of a service side by side, which know two layouts of one value: neither reads the other's
//! entries, nor stores over them, and a writer of either reaches both.

use cache_runtime::{Cache, CacheValue, Policy};
use cache_tests::{herd::counters, patience::eventually, source::Source, stores::on_each_store};
use serde::{Deserialize, Serialize};

/// The layout of the last release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Old {
    row: u64,
}

/// Of this one. It reads as the old one, but for the fingerprint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct New {
    row: u64,
    #[serde(default)]
    checked: bool,
}

const OLD: Policy = Policy::ttl(3600).lock().value::<Old>().name("old");
const NEW: Policy = Policy::ttl(3600).lock().value::<New>().name("new");

async fn old(cache: &Cache, source: &Source) -> u64 {
    let load = || async { Ok::<_, String>(Old { row: source.query().await }) };
    cache.get_or_load("row:1", &OLD, load).await.expect("it does not fail").row
}

async fn new(cache: &Cache, source: &Source) -> u64 {
    let load = || async { Ok::<_, String>(New { row: source.query().await, checked: true }) };
    let New { row, checked } =
        cache.get_or_load("row:1", &NEW, load).await.expect("it does not fail");
    assert!(checked, "an entry of the last release was taken for one of this");
    row
}

#[tokio::test]
async fn each_has_an_entry_of_its_own_and_they_do_not_take_turns() {
    on_each_store(async |cache| {
        let source = Source::open();
        for round in 0..50 {
            assert_eq!(old(&cache, &source).await, 1, "round {round}");
            assert_eq!(new(&cache, &source).await, 2, "round {round}");
        }
        assert_eq!(source.queries(), 2);
        let (old, new) = (counters(&cache, "old"), counters(&cache, "new"));
        assert_eq!((old.hits, old.misses, new.hits, new.misses), (49, 1, 49, 1));
        assert_eq!((old.undecodable, new.undecodable), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_writer_ends_the_entries_of_both() {
    on_each_store(async |cache| {
        let source = Source::open();
        for round in 0..10 {
            let (a, b) = (old(&cache, &source).await, new(&cache, &source).await);
            assert_eq!((a, b), (2 * round + 1, 2 * round + 2));
            let fence = cache.fence(["row:1"]).await;
            fence.try_settle().await.expect("the store can be told");
        }
        for round in 10..20 {
            let (b, a) = (new(&cache, &source).await, old(&cache, &source).await);
            assert_eq!((b, a), (2 * round + 1, 2 * round + 2), "whoever was first");
            cache.try_invalidate("row:1").await.expect("the store can be told");
        }
    })
    .await;
}

#[tokio::test]
async fn a_load_from_before_a_write_is_not_stored_beside_it() {
    on_each_store(async |cache| {
        let source = Source::held();
        source.answer(1);
        assert_eq!(old(&cache, &source).await, 1);
        let slow = async { new(&cache, &source).await };
        let write = async {
            source.asked(2).await;
            cache.try_invalidate("row:1").await.expect("the store can be told");
            source.answer(1);
        };
        assert_eq!(tokio::join!(slow, write).0, 2);
        source.answer_all();
        // The other version is first again.
        assert_eq!(old(&cache, &source).await, 3);
        assert_eq!(new(&cache, &source).await, 4, "what was loaded before the write is gone");
        assert_eq!(new(&cache, &source).await, 4);
    })
    .await;
}

#[tokio::test]
async fn when_the_last_release_is_gone_its_entry_is_replaced_as_it_ends() {
    const TTL: std::time::Duration = std::time::Duration::from_millis(100);
    on_each_store(async |cache| {
        let load = || async { Ok::<_, String>(Old { row: 0 }) };
        let short = OLD.with_ttl_duration(TTL);
        cache.get_or_load("row:1", &short, load).await.expect("it does not fail");
        let ended = async || cache.get::<Old>("row:1").await == Ok(None);
        eventually("the entry of the last release ends", ended).await;
        let source = Source::open();
        assert_eq!(new(&cache, &source).await, 1);
        let known = cache.get::<New>("row:1").await.expect("the store is there");
        assert_eq!(known, Some(New { row: 1, checked: true }), "under the key itself");
    })
    .await;
}

async fn many_new(cache: &Cache, source: &Source, rows: &[u64]) -> Vec<u64> {
    let load = async |rows: Vec<u64>| {
        let row = source.query().await;
        rows.into_iter().map(|id| (id, New { row, checked: true })).collect::<Vec<_>>()
    };
    let found = cache.get_or_load_many(rows, |row| format!("row:{row}"), &NEW, load).await;
    assert!(
        found.iter().all(|(_, new)| new.checked),
        "an entry of the last release was taken for one of this"
    );
    found.into_iter().map(|(_, new)| new.row).collect()
}

#[tokio::test]
async fn a_batch_shares_the_entries_beside_the_others() {
    on_each_store(async |cache| {
        let source = Source::open();
        assert_eq!(old(&cache, &source).await, 1);
        for round in 0..10 {
            assert_eq!(many_new(&cache, &source, &[1, 2]).await, [2, 2], "round {round}");
            assert_eq!(new(&cache, &source).await, 2, "round {round}");
            assert_eq!(old(&cache, &source).await, 1, "round {round}");
        }
        assert_eq!(source.queries(), 2);
        cache.try_invalidate("row:1").await.expect("the store can be told");
        assert_eq!(old(&cache, &source).await, 3);
        assert_eq!(new(&cache, &source).await, 4);
        assert_eq!(many_new(&cache, &source, &[2, 1]).await, [2, 4]);
        assert_eq!(source.queries(), 4);
        assert_eq!(counters(&cache, "new").undecodable, 0);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_loads_from_before_a_write_is_not_stored_beside_it() {
    on_each_store(async |cache| {
        let source = Source::held();
        source.answer(1);
        assert_eq!(old(&cache, &source).await, 1);
        let slow = many_new(&cache, &source, &[1]);
        let write = async {
            source.asked(2).await;
            cache.try_invalidate("row:1").await.expect("the store can be told");
            source.answer(1);
        };
        assert_eq!(tokio::join!(slow, write).0, [2]);
        source.answer_all();
        assert_eq!(old(&cache, &source).await, 3);
        assert_eq!(many_new(&cache, &source, &[1]).await, [4]);
        assert_eq!(many_new(&cache, &source, &[1]).await, [4]);
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_waits_beside_an_entry_that_ends_takes_its_place() {
    on_each_store(async |cache| {
        let source = Source::held();
        source.answer(1);
        assert_eq!(old(&cache, &source).await, 1);
        let first = many_new(&cache, &source, &[1]);
        let second = async {
            source.asked(2).await;
            many_new(&cache, &source, &[1]).await
        };
        let write = async {
            eventually("the second one waits", async || counters(&cache, "new").lock_waits == 1)
                .await;
            cache.try_invalidate("row:1").await.expect("the store can be told");
            source.asked(3).await;
            source.answer_all();
        };
        let (first, second, ()) = tokio::join!(first, second, write);
        assert_eq!(
            (first, second),
            (vec![2], vec![3]),
            "it does not wait for what would be too old"
        );
        assert_eq!(new(&cache, &source).await, 3);
    })
    .await;
}
