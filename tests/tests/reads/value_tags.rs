//! Tags that only the loaded value names: what they invalidate, and what is not stored since nobody could say whether it was.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use cache_runtime::{Cache, CacheKey, Policy, cached, invalidates, write_through};
use cache_tests::stores::on_each_store;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Article {
    id: u64,
    author: String,
    version: u64,
}

#[derive(CacheKey)]
#[cache_key("author:<name>")]
struct AuthorTag<'a> {
    name: &'a str,
}

/// Articles, which all are of one author, and how many queries there were.
#[derive(Default)]
struct Articles {
    author: AtomicU64,
    queries: AtomicU64,
}

impl Articles {
    fn article(&self, id: u64) -> Article {
        let version = self.queries.fetch_add(1, Ordering::SeqCst) + 1;
        Article { id, author: format!("a b {}", self.author.load(Ordering::SeqCst)), version }
    }

    fn queries(&self) -> u64 {
        self.queries.load(Ordering::SeqCst)
    }
}

const ARTICLES: Policy = Policy::ttl(60).lock();

#[cached(
    key = "article:<id>",
    policy = ARTICLES,
    tags = ["shelf:<shelf>", |article: &Article| [AuthorTag { name: &article.author }]],
    skip(shelf, articles),
    cache = cache,
)]
async fn find(cache: &Cache, articles: &Articles, id: u64, shelf: u64) -> Option<Article> {
    (id != 404).then(|| articles.article(id))
}

#[cached(
    key = "article:<ids>",
    each = ids,
    ttl = 60,
    tags = ["shelf:<shelf>", |article: &Article| [AuthorTag { name: &article.author }]],
    skip(shelf, articles),
    cache = cache,
)]
async fn find_many(
    cache: &Cache,
    articles: &Articles,
    ids: &[u64],
    shelf: u64,
) -> Result<HashMap<u64, Article>, ()> {
    Ok(ids.iter().map(|&id| (id, articles.article(id))).collect())
}

/// It carries no other tag, and what it loads in the background owns its closure.
#[cached(
    key = "page:<id>",
    ttl = 60,
    stale_while_revalidate = 60,
    local,
    tags = |page: &Vec<Article>| page.iter().map(|it| format!("page-of:{}", it.id)).collect::<Vec<_>>(),
    cache = cache,
)]
async fn page(cache: Cache, id: u64) -> Result<Vec<Article>, ()> {
    Ok(vec![Articles::default().article(id), Articles::default().article(id + 1)])
}

#[invalidates(tags(AuthorTag { name: author }), cache = cache)]
async fn rename(cache: &Cache, author: &str) {}

/// Calls until it is answered by the cache: what is first under a new tag is not stored.
async fn hit<T>(cache: &Cache, call: impl AsyncFn() -> T) -> T {
    for _ in 0..1000 {
        let loads = cache.stats().total().loads;
        let answer = call().await;
        if cache.stats().total().loads == loads {
            return answer;
        }
    }
    panic!("nothing is stored")
}

fn versions(found: HashMap<u64, Article>) -> Vec<u64> {
    let mut versions: Vec<_> = found.into_values().map(|it| it.version).collect();
    versions.sort_unstable();
    versions
}

#[tokio::test]
async fn a_tag_that_the_value_names_ends_its_entry() {
    on_each_store(async |cache| {
        let articles = Articles::default();
        let version = async |id| find(&cache, &articles, id, 1).await.map(|it| it.version);
        let first = hit(&cache, async || version(1).await).await;
        let loaded = articles.queries();
        assert!(loaded > 1 && first == Some(loaded), "the first one was not stored");
        // What is first of another key of the same author is stored at once.
        for _ in 0..2 {
            assert_eq!(version(2).await, Some(loaded + 1));
        }
        let both = find_many(&cache, &articles, &[1, 2], 1).await.map(versions);
        assert_eq!(both, Ok(vec![loaded, loaded + 1]), "a batch shares the entries");
        let shelf = cache.tagged(["shelf:1"]);
        let read =
            async || shelf.get::<Article>("article:2").await.map(|it| it.map(|it| it.version));
        assert_eq!(read().await, Ok(Some(loaded + 1)), "it names no author");
        rename(&cache, "a b 0").await;
        assert_eq!(read().await, Ok(None));
        for _ in 0..2 {
            // The tags of what was there are known before the load, so this is stored the first time.
            let both = find_many(&cache, &articles, &[1, 2], 1).await.map(versions);
            assert_eq!(both, Ok(vec![loaded + 2, loaded + 3]));
        }
        cache.invalidate_tags(["shelf:1"]).await;
        for _ in 0..2 {
            assert_eq!(version(1).await, Some(loaded + 4));
        }
        assert_eq!(version(404).await, None);
        assert!(cache.check().is_ok(), "the writer's tag is one that values name");
    })
    .await;
}

#[tokio::test]
async fn a_value_that_names_another_tag_than_before_ends_with_that_one() {
    on_each_store(async |cache| {
        let articles = Articles::default();
        let call = async || find(&cache, &articles, 1, 1).await.expect("it is there");
        hit(&cache, call).await;
        articles.author.store(1, Ordering::SeqCst);
        rename(&cache, "a b 0").await;
        let moved = hit(&cache, call).await;
        assert_eq!(moved.author, "a b 1");
        rename(&cache, "a b 0").await;
        assert_eq!(call().await, moved, "it is a hit");
        rename(&cache, "a b 1").await;
        assert_eq!(call().await.version, moved.version + 1);
    })
    .await;
}

#[tokio::test]
async fn what_was_loaded_before_its_tag_was_invalidated_is_not_stored() {
    on_each_store(async |cache| {
        let articles = Articles::default();
        let tagged = cache.tagged(["shelf:1"]);
        let by_author = tagged.by_value(|it: &Article| {
            [AuthorTag { name: &it.author }].map(|tag| cache_runtime::stored_key(&tag))
        });
        let call = async || {
            let load = || async { Some(articles.article(7)) };
            by_author.get_or_load("twin:7", &ARTICLES, load).await.map(|it| it.version)
        };
        let before = hit(&cache, call).await;
        cache.invalidate("twin:7").await;
        // A writer of the tag comes and goes while this loads.
        let load = || async {
            let loaded = articles.article(7);
            rename(&cache, "a b 0").await;
            Some(loaded)
        };
        let loaded = by_author.get_or_load("twin:7", &ARTICLES, load).await;
        assert_eq!(loaded.map(|it| Some(it.version)), Some(before.map(|it| it + 1)));
        assert_eq!(call().await, before.map(|it| it + 2), "it was not stored");
        let stored = hit(&cache, call).await;
        rename(&cache, "a b 0").await;
        assert_eq!(call().await, stored.map(|it| it + 1), "the tag ends what is stored");
    })
    .await;
}

#[tokio::test]
async fn a_page_carries_the_tags_of_its_rows() {
    on_each_store(async |cache| {
        for tag in ["page-of:1", "page-of:2"] {
            hit(&cache, async || page(cache.clone(), 1).await).await.expect("it is there");
            let loads = cache.stats().total().loads;
            cache.invalidate_tags([tag]).await;
            page(cache.clone(), 1).await.expect("it is there");
            assert_eq!(cache.stats().total().loads, loads + 1, "{tag} ends it");
        }
    })
    .await;
}

#[tokio::test]
async fn each_row_of_a_batch_without_a_macro_carries_its_own() {
    on_each_store(async |cache| {
        let articles = Articles::default();
        let tagged = cache.tagged(["shelf:1"]);
        let by_id = tagged.by_value(|it: &Article| [format!("only:{}", it.id)]);
        let call = async || {
            let load = |ids: Vec<u64>| async {
                Ok::<_, ()>(ids.into_iter().map(|id| (id, articles.article(id))).collect())
            };
            let key = |id: &u64| format!("many:{id}");
            let found: Result<HashMap<_, _>, ()> =
                by_id.get_or_load_many(&[1, 2], key, &ARTICLES, load).await;
            found.expect("they are there")
        };
        let before = hit(&cache, call).await;
        cache.invalidate_tags(["only:2"]).await;
        let after = call().await;
        assert_eq!((&after[&1], after[&2] == before[&2]), (&before[&1], false));
    })
    .await;
}

#[write_through(
    key = "shelf:<shelf.id>",
    ttl = 60,
    tags("author:a%20b%200"),
    tags = ["author:a%20b%200"],
    cache = cache,
)]
async fn write_shelf(cache: &Cache, shelf: Article) -> Result<Article, ()> {
    Ok(shelf)
}

#[tokio::test]
async fn what_a_writer_leaves_on_a_tag_keeps_no_value_out_for_ever() {
    on_each_store(async |cache| {
        let articles = Articles::default();
        let shelf = Article { id: 1, author: "a b 0".into(), version: 0 };
        write_shelf(&cache, shelf).await.expect("it is written");
        let call = async || find(&cache, &articles, 1, 1).await.map(|it| it.version);
        let found = hit(&cache, call).await;
        assert_eq!(found, Some(articles.queries()));
        rename(&cache, "a b 0").await;
        assert_eq!(call().await, Some(articles.queries()), "loaded again");
    })
    .await;
}
