//! What is written behind and carries tags, and what is too large to be kept.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use cache_runtime::{Cache, Policy, cached, write_behind};
use cache_tests::{patience::in_time, stores::on_each_store_in_one_slot};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Post {
    author: u64,
    id: u64,
    text: String,
}

impl Post {
    fn new(text: &str) -> Post {
        Post { author: 1, id: 7, text: text.to_owned() }
    }
}

#[derive(Clone)]
struct Posts {
    cache: Cache,
    rows: Arc<Mutex<BTreeMap<(u64, u64), Post>>>,
}

impl Posts {
    fn new(cache: Cache) -> Posts {
        Posts { cache, rows: Arc::default() }
    }

    #[cached(key = "post:<author>:<id>", ttl = 3600, tags = ["author:<author>", "posts"],
        cache = self.cache, name = "find")]
    async fn find(&self, author: u64, id: u64) -> Option<Post> {
        self.rows.lock().unwrap().get(&(author, id)).cloned()
    }

    #[cached(key = "posts:<author>", ttl = 3600, tags = ["list:<author>"], cache = self.cache, name = "list")]
    async fn list(&self, author: u64) -> Vec<u64> {
        let rows = self.rows.lock().unwrap();
        rows.keys().filter(|key| key.0 == author).map(|key| key.1).collect()
    }

    #[write_behind(queue = "posts", key = "post:<post.author>:<post.id>", ttl = 3600, enqueue = save(post),
        tags = ["posts", "author:<post.author>"], linger = "1ms", cache = self.cache)]
    async fn save_all(&self, posts: Vec<Post>) -> Result<(), String> {
        let lists: Vec<_> = posts.iter().map(|post| format!("list:{}", post.author)).collect();
        let fence = self.cache.fence_tags(lists).await;
        let rows = posts.into_iter().map(|post| ((post.author, post.id), post));
        self.rows.lock().unwrap().extend(rows);
        _ = fence.try_settle().await;
        Ok(())
    }

    async fn flush(&self) {
        in_time("the end", self.save_flusher().shutdown()).await;
    }

    async fn text(&self) -> String {
        self.find(1, 7).await.expect("it was saved").text
    }

    fn loads(&self) -> u64 {
        self.cache.stats().function("find").expect("it was called").loads
    }
}

#[tokio::test]
async fn it_is_found_by_those_who_read_with_its_tags_and_ends_with_them() {
    on_each_store_in_one_slot(async |cache| {
        let posts = Posts::new(cache);
        posts.save(&Post::new("one")).await.unwrap();
        assert_eq!(posts.text().await, "one");
        posts.flush().await;
        assert_eq!((&*posts.text().await, posts.loads()), ("one", 0), "it is still there");
        posts.cache.try_invalidate_tags(["author:1"]).await.unwrap();
        assert_eq!((&*posts.text().await, posts.loads()), ("one", 1), "the tag has ended it");
    })
    .await;
}

#[tokio::test]
async fn while_it_waits_a_tag_ends_it_only_for_the_time_when_it_is_written() {
    on_each_store_in_one_slot(async |cache| {
        let posts = Posts::new(cache);
        posts.save(&Post::new("one")).await.unwrap();
        posts.cache.try_invalidate_tags(["posts"]).await.unwrap();
        assert_eq!(
            (&*posts.text().await, posts.loads()),
            ("one", 0),
            "the database has it not yet"
        );
        posts.flush().await;
        assert_eq!((&*posts.text().await, posts.loads()), ("one", 1));

        // A writer of the tag is at work when the value is accepted.
        let fence = posts.cache.fence_tags(["posts"]).await;
        posts.save(&Post::new("two")).await.unwrap();
        fence.try_settle().await.unwrap();
        assert_eq!((&*posts.text().await, posts.loads()), ("two", 1));
        posts.flush().await;
        assert_eq!((&*posts.text().await, posts.loads()), ("two", 2));
    })
    .await;
}

#[tokio::test]
async fn the_batch_function_makes_lists_stale_when_it_writes() {
    on_each_store_in_one_slot(async |cache| {
        let posts = Posts::new(cache);
        assert_eq!(posts.list(1).await, Vec::<u64>::new());
        posts.save(&Post::new("one")).await.unwrap();
        assert_eq!(posts.list(1).await, Vec::<u64>::new(), "it is what the database has");
        posts.flush().await;
        assert_eq!(posts.list(1).await, [7]);
    })
    .await;
}

const SMALL: Policy = Policy::ttl(3600).max_bytes(64);

#[cached(key = "text:<id>", policy = SMALL, cache = cache, skip(cache), name = "text")]
async fn text(cache: &Cache, id: u64) -> (u64, String) {
    (id, "loaded".to_owned())
}

#[derive(Clone)]
struct Texts(Cache);

impl Texts {
    #[write_behind(queue = "texts", key = "text:<text.0>", ttl = 3600, max_bytes = 64, enqueue = write(text),
        linger = "1ms", cache = self.0, name = "texts")]
    async fn write_all(&self, texts: Vec<(u64, String)>) -> Result<(), String> {
        drop(texts);
        Ok(())
    }
}

#[tokio::test]
async fn what_is_too_large_is_written_and_not_kept() {
    on_each_store_in_one_slot(async |cache| {
        let texts = Texts(cache.clone());
        let large = "x".repeat(100);
        texts.write(&(1, "small".to_owned())).await.unwrap();
        texts.write(&(2, large.clone())).await.unwrap();
        assert_eq!(text(&cache, 2).await.1, large, "while it waits");
        in_time("the end", texts.write_flusher().shutdown()).await;
        assert_eq!((&*text(&cache, 1).await.1, &*text(&cache, 2).await.1), ("small", "loaded"));
        let stats = cache.stats();
        let stats = stats.function("texts").expect("it was called");
        assert_eq!((stats.queued, stats.flushed, stats.too_large), (2, 2, 1));
    })
    .await;
}
