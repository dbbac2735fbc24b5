//! Options that readers have too: a value that is written through is one that they would have stored.

use std::time::Duration;

use cache_runtime::{Cache, CacheKey, CacheValue, Policy, cached, write_through};
use cache_tests::{herd::counters, stores::on_each_store};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CacheValue)]
struct Page {
    id: u64,
    text: String,
}

fn page(id: u64, text: &str) -> Page {
    Page { id, text: text.to_owned() }
}

/// A key that says what is under it.
#[derive(CacheKey)]
#[cache_key("page:<id>", value = Page)]
struct PageKey {
    id: u64,
}

/// A reader, and a writer whose value it has to find.
macro_rules! encodings {
    ($($find:ident, $save:ident: $($option:ident $(= $choice:tt)? $(($($more:tt)*))?),+;)*) => {
        $(
            #[cached(
                key = PageKey { id },
                ttl = 60,
                $($option $(= $choice)? $(($($more)*))?,)+
                skip(cache),
                cache = cache,
                name = "find",
            )]
            async fn $find(cache: &Cache, id: u64) -> Result<Option<Page>, String> {
                Err(format!("page {id} had to be loaded"))
            }

            #[write_through(
                key = PageKey { id: page.id },
                ttl = 60,
                $($option $(= $choice)? $(($($more)*))?,)+
                cache = cache,
            )]
            async fn $save(cache: &Cache, page: &Page) -> Page {
                page.clone()
            }
        )*

        #[tokio::test]
        async fn readers_find_a_value_however_it_is_encoded() {
            on_each_store(async |cache| {
                // Short, and long enough to be compressed.
                for text in ["a".to_owned(), "long ".repeat(1000)] {
                    $(
                        let saved = $save(&cache, &page(1, &text)).await;
                        assert_eq!($find(&cache, 1).await, Ok(Some(saved)), stringify!($find));
                    )*
                }
                let reads = counters(&cache, "find");
                assert_eq!((reads.misses, reads.undecodable), (0, 0));
            })
            .await;
        }
    };
}

encodings! {
    find_json, save_json: codec = json;
    find_msgpack, save_msgpack: codec = msgpack;
    find_postcard, save_postcard: codec = postcard;
    find_lz4, save_lz4: compress = lz4;
    find_zstd, save_zstd: codec = postcard, compress(zstd, over = 100);
}

#[write_through(
    key = "page:<page.id>",
    ttl = 60,
    max_bytes = 100,
    cache = cache,
    name = "bounded",
)]
async fn bounded(cache: &Cache, page: &Page) -> Page {
    page.clone()
}

#[tokio::test]
async fn a_value_that_is_too_large_is_not_stored() {
    on_each_store(async |cache| {
        let held = async || cache.get::<Page>(PageKey { id: 1 }).await.expect("it is a page");
        let short = bounded(&cache, &page(1, "short")).await;
        assert_eq!(held().await, Some(short));
        bounded(&cache, &page(1, &"long ".repeat(20))).await;
        assert_eq!(held().await, None);
        assert_eq!(counters(&cache, "bounded").too_large, 1);
    })
    .await;
}

const PAGES: Policy = Policy::ttl(60).version(7).stale_while_revalidate(30).name("pages");

#[write_through(key = "page:<page.id>", policy = PAGES, cache = cache)]
async fn by_policy(cache: &Cache, page: &Page) -> Page {
    page.clone()
}

#[write_through(
    key = "page:<page.id>",
    policy = PAGES,
    ttl = 30,
    version = 8,
    name = "overridden",
    cache = cache,
)]
async fn overridden(cache: &Cache, page: &Page) -> Page {
    page.clone()
}

#[tokio::test]
async fn a_policy_is_shared_with_the_readers_and_can_be_overridden() {
    on_each_store(async |cache| {
        let saved = by_policy(&cache, &page(1, "a")).await;
        assert_eq!(cache.get("page:1:v7").await, Ok(Some(saved)));
        let saved = overridden(&cache, &page(1, "b")).await;
        assert_eq!(cache.get("page:1:v8").await, Ok(Some(saved)));
        let written = |name| counters(&cache, name).invalidations;
        assert_eq!((written("pages"), written("overridden")), (1, 1));
    })
    .await;
}

#[write_through(key = "page:<page.id>", ttl = 10, stale_if_error = "1m", cache = cache)]
async fn forgiving(cache: &Cache, page: &Page) -> Page {
    page.clone()
}

#[write_through(key = "page:<page.id>", ttl = 10, jitter = 0.5, cache = cache)]
async fn spread(cache: &Cache, page: &Page) -> Page {
    page.clone()
}

/// For how long the embedded store keeps what `write` leaves, in seconds.
async fn kept(cache: &Cache, write: impl AsyncFn()) -> u64 {
    write().await;
    for seconds in 0.. {
        if cache.get::<Page>("page:1").await == Ok(None) {
            return seconds;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    unreachable!("it is not kept for ever")
}

#[tokio::test(start_paused = true)]
async fn a_value_that_may_be_served_stale_is_kept_for_longer() {
    const FORGIVING: Policy = Policy::ttl(10).stale_if_error(60);
    let (cache, page) = (Cache::in_memory(), page(1, "a"));
    forgiving(&cache, &page).await;
    let mut served = 0;
    while cache.get_or_load("page:1", &FORGIVING, async || Err(())).await == Ok(page.clone()) {
        served += 1;
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(served, 70);
    // What does not ask for an expired value gets none.
    let write = async || _ = forgiving(&cache, &page).await;
    assert_eq!(kept(&cache, write).await, 10);
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_what_is_written_together() {
    let cache = Cache::in_memory();
    let page = page(1, "a");
    let mut lives = std::collections::BTreeSet::new();
    for _ in 0..100 {
        lives.insert(kept(&cache, async || _ = spread(&cache, &page).await).await);
    }
    assert!(lives.iter().all(|life| (6..=10).contains(life)), "{lives:?}");
    assert!(lives.len() > 1, "{lives:?}");
}
