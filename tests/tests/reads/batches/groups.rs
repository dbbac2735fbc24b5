//! Lists of rows whose ids a function gives: whatever a query returns, no row is stored under another id than its own.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use cache_runtime::{Cache, FunctionStats, cached};
use cache_tests::{herd, log::Log, stores::on_each_store};
use serde::{Deserialize, Serialize};

/// A tag of an article, of the load by this number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Tag {
    article: i64,
    name: String,
    load: u64,
}

/// A table of tags, and what a query for some of its rows returns.
#[derive(Clone)]
struct Blog {
    cache: Cache,
    rows: Arc<Mutex<Vec<(i64, &'static str)>>>,
    loads: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<Vec<i64>>>>,
}

impl Blog {
    fn new(cache: &Cache, rows: &[(i64, &'static str)]) -> Blog {
        let rows = Arc::new(Mutex::new(rows.to_vec()));
        Blog { cache: cache.clone(), rows, loads: Arc::default(), asked: Arc::default() }
    }

    /// All rows, whatever is asked for.
    fn query(&self, ids: &[i64]) -> Vec<Tag> {
        let load = self.loads.fetch_add(1, Ordering::Relaxed) + 1;
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(ids.to_vec());
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|&(article, name)| Tag { article, name: name.to_owned(), load }).collect()
    }

    fn asked(&self) -> Vec<Vec<i64>> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[cached(
        key = "tags:<articles>",
        each = articles,
        id = |tag: &Tag| tag.article,
        group,
        ttl = 60,
        cache = self.cache,
        name = "tags"
    )]
    async fn tags(&self, articles: &[i64]) -> Result<Vec<Tag>, String> {
        Ok(self.query(articles))
    }

    /// The function of one article shares the entries.
    #[cached(key = "tags:<article>", ttl = 60, cache = self.cache, name = "tags of one")]
    async fn tags_of(&self, article: i64) -> Vec<Tag> {
        let tags = self.query(&[article]);
        tags.into_iter().filter(|tag| tag.article == article).collect()
    }

    #[cached(
        key = "first:<articles>",
        each = articles,
        id = |tag: &Tag| tag.article,
        ttl = 60,
        negative_ttl = 60,
        cache = self.cache,
        name = "first"
    )]
    async fn first(&self, articles: &[i64]) -> Vec<Tag> {
        self.query(articles)
    }

    #[cached(key = "first:<article>", ttl = 60, cache = self.cache, name = "first of one")]
    async fn first_of(&self, article: i64) -> Option<Tag> {
        self.query(&[article]).into_iter().find(|tag| tag.article == article)
    }
}

fn tag(load: u64, article: i64, name: &str) -> Tag {
    Tag { article, name: name.to_owned(), load }
}

/// Hits, remembered `None`s, misses, loads, and rows that belonged nowhere.
fn counts(cache: &Cache, name: &'static str) -> [u64; 5] {
    let FunctionStats { hits, negative_hits, misses, loads, unmatched, .. } =
        herd::counters(cache, name);
    [hits, negative_hits, misses, loads, unmatched]
}

#[tokio::test]
async fn seven_tags_of_three_articles_are_those_of_their_articles() {
    on_each_store(async |cache| {
        let rows = [(2, "a"), (1, "b"), (2, "c"), (3, "d"), (1, "e"), (2, "f"), (3, "g")];
        let blog = Blog::new(&cache, &rows);
        let loaded = blog.tags(&[1, 2, 3]).await.expect("it loads");
        let expected = ["b", "e", "a", "c", "f", "d", "g"];
        assert_eq!(loaded.iter().map(|tag| &*tag.name).collect::<Vec<_>>(), expected);
        assert_eq!(blog.tags(&[1, 2, 3]).await, Ok(loaded));
        let third = vec![tag(1, 3, "d"), tag(1, 3, "g")];
        assert_eq!(blog.tags(&[3]).await, Ok(third.clone()));
        assert_eq!(blog.tags_of(3).await, third);
        assert_eq!(blog.asked(), [[1, 2, 3]]);
        assert_eq!(counts(&cache, "tags"), [4, 0, 3, 1, 0]);
    })
    .await;
}

#[tokio::test]
async fn an_article_without_tags_has_none_and_that_is_kept() {
    on_each_store(async |cache| {
        let blog = Blog::new(&cache, &[(1, "a")]);
        assert_eq!(blog.tags(&[2, 1, 2]).await, Ok(vec![tag(1, 1, "a")]));
        assert_eq!(blog.tags(&[2]).await, Ok(vec![]));
        assert_eq!(blog.tags_of(2).await, []);
        assert_eq!(blog.asked(), [[2, 1]]);
    })
    .await;
}

#[tokio::test]
async fn as_many_rows_as_ids_in_another_order_are_stored_under_their_own() {
    on_each_store(async |cache| {
        let blog = Blog::new(&cache, &[(3, "c"), (1, "a"), (2, "b")]);
        let all = [tag(1, 1, "a"), tag(1, 2, "b"), tag(1, 3, "c")];
        assert_eq!(blog.first(&[1, 2, 3]).await, all);
        for of_one in all {
            assert_eq!(blog.first_of(of_one.article).await, Some(of_one));
        }
        assert_eq!(blog.asked(), [[1, 2, 3]]);
    })
    .await;
}

#[tokio::test]
async fn what_belongs_nowhere_is_returned_and_stored_nowhere() {
    let (log, caches) = (Log::listen(), AtomicU64::new(0));
    on_each_store(async |cache| {
        caches.fetch_add(1, Ordering::Relaxed);
        let blog = Blog::new(&cache, &[(9, "x"), (2, "b"), (2, "c"), (1, "a")]);
        // Two of the second article, one of an article that nobody has asked for, and none of the third.
        let found = [tag(1, 1, "a"), tag(1, 9, "x"), tag(1, 2, "b"), tag(1, 2, "c")];
        assert_eq!(blog.first(&[1, 2, 3]).await, found);
        assert_eq!(counts(&cache, "first"), [0, 0, 3, 1, 3]);
        // Only the second article is missing. The caller has the first one already.
        let found = [tag(1, 1, "a"), tag(2, 9, "x"), tag(2, 2, "b"), tag(2, 2, "c")];
        assert_eq!(blog.first(&[1, 2, 3]).await, found);
        assert_eq!(counts(&cache, "first"), [1, 1, 4, 2, 7]);
        assert_eq!(blog.first_of(9).await, Some(tag(3, 9, "x")), "it was not stored");
        assert_eq!(blog.first_of(1).await, Some(tag(1, 1, "a")), "it was stored");
        assert_eq!(blog.asked(), [vec![1, 2, 3], vec![2], vec![9]]);
    })
    .await;
    let said = log.text().matches("belong to no id that it was asked for").count();
    assert_eq!(said as u64, caches.into_inner(), "once for each function of a cache");
}

#[tokio::test]
async fn loads_side_by_side_store_what_they_were_asked_for() {
    on_each_store(async |cache| {
        let rows: Vec<(i64, &str)> = (0..40).map(|row| (row % 10, "t")).collect();
        let blog = Blog::new(&cache, &rows);
        let calls = (0..20_i64).map(|call| {
            let blog = blog.clone();
            tokio::spawn(async move {
                let ids: Vec<i64> = (0..5).map(|id| (call + id * 3) % 12).collect();
                let found = blog.tags(&ids).await.expect("it loads");
                ids.iter()
                    .filter(|id| **id < 10)
                    .all(|id| found.iter().filter(|tag| tag.article == *id).count() == 4)
            })
        });
        for call in calls.collect::<Vec<_>>() {
            assert!(call.await.expect("it does not panic"));
        }
        for article in 0..12 {
            let tags = blog.tags_of(article).await;
            assert!(tags.iter().all(|tag| tag.article == article));
            assert_eq!(tags.len(), if article < 10 { 4 } else { 0 });
        }
    })
    .await;
}
