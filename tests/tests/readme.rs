//! The README's code compiles and does what the README says: every block of it stands below, line for line.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use axum::{Router, http::header::CONTENT_TYPE, response::Html, routing::get};
use cache_runtime::{
    Cache, Credentials, KeyRing, Loader, Policy, ReadThrough, Tls, dashboard::Dashboard,
    write_behind, write_through,
};
#[rustfmt::skip]
use cache_runtime::{CacheKey, cached, invalidates};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct User {
    id: u64,
    tenant: u64,
    name: String,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Tag {
    article: i64,
    name: String,
}

/// A counter, which is written more often than a database likes.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Views {
    page: u64,
    count: u64,
}

type DbError = std::io::Error;

/// Stands for a database, and counts the queries.
#[derive(Default)]
struct Db {
    users: Mutex<HashMap<u64, User>>,
    views: Mutex<Vec<Views>>,
    queries: Mutex<u32>,
}

impl Db {
    async fn select_user(&self, id: u64) -> Result<Option<User>, DbError> {
        *self.queries.lock().unwrap() += 1;
        Ok(self.users.lock().unwrap().get(&id).cloned())
    }

    async fn update_user(&self, user: &User) -> Result<(), DbError> {
        self.users.lock().unwrap().insert(user.id, user.clone());
        Ok(())
    }

    async fn update_returning(&self, user: &User) -> Result<User, DbError> {
        self.update_user(user).await?;
        Ok(user.clone())
    }

    async fn select_users(&self, ids: &[u64]) -> Result<HashMap<u64, User>, DbError> {
        *self.queries.lock().unwrap() += 1;
        let users = self.users.lock().unwrap();
        Ok(ids.iter().filter_map(|id| Some((*id, users.get(id)?.clone()))).collect())
    }

    async fn select_tags(&self, articles: &[i64]) -> Result<Vec<Tag>, DbError> {
        *self.queries.lock().unwrap() += 1;
        let tag = |article| Tag { article, name: format!("tag of {article}") };
        Ok(articles.iter().rev().flat_map(|&article| [tag(article), tag(article)]).collect())
    }

    async fn delete_users(&self, ids: &[u64]) -> Result<(), DbError> {
        self.users.lock().unwrap().retain(|id, _| !ids.contains(id));
        Ok(())
    }

    async fn upsert_views(&self, all: Vec<Views>) -> Result<(), DbError> {
        *self.queries.lock().unwrap() += 1;
        self.views.lock().unwrap().extend(all);
        Ok(())
    }

    async fn transfer(&self, _: u64, _: u64, _: u64) -> Result<(), DbError> {
        Ok(())
    }
}

struct UserRepo {
    db: Db,
}

#[derive(Clone, PartialEq, Eq, Hash, CacheKey)]
#[cache_key("user:<id>", value = User)]
struct UserById {
    id: u64,
}

struct UserLoader {
    db: Db,
}

impl Loader for UserLoader {
    type Key = UserById;
    type Value = User;
    type Error = DbError;

    async fn load(&self, key: &UserById) -> Result<Option<User>, DbError> {
        self.db.select_user(key.id).await
    }
}

#[tokio::test]
async fn a_loader() {
    const USERS: Policy = Policy::ttl(3600).lock().negative_ttl(60);

    let db = Db::default();
    let users = ReadThrough::new(Cache::in_memory(), USERS, UserLoader { db });
    for _ in 0..2 {
        assert_eq!(users.get(&UserById { id: 42 }).await.unwrap(), None);
    }
    assert_eq!(*users.loader().db.queries.lock().unwrap(), 1);
}

#[derive(CacheKey)]
#[cache_key("user:<id>")]
struct UserKey {
    id: u64,
}

impl UserRepo {
    #[cached(key = "user:<id>", ttl = 3600, lock)]
    async fn find(&self, id: u64) -> Result<Option<User>, DbError> {
        self.db.select_user(id).await
    }

    #[invalidates(UserKey { id: user.id })]
    async fn update(&self, user: &User) -> Result<(), DbError> {
        self.db.update_user(user).await
    }
}

impl UserRepo {
    #[cached(key = "user:<ids>", each = ids, ttl = 3600)]
    async fn find_many(&self, ids: &[u64]) -> Result<HashMap<u64, User>, DbError> {
        self.db.select_users(ids).await // gets the ids that are missing
    }

    #[cached(key = "tags:<articles>", each = articles, id = |tag: &Tag| tag.article, group, ttl = 3600)]
    async fn tags(&self, articles: &[i64]) -> Result<Vec<Tag>, DbError> {
        self.db.select_tags(articles).await // any number of rows, in any order
    }

    #[invalidates("user:<ids>", each = ids)]
    async fn delete_many(&self, ids: &[u64]) -> Result<(), DbError> {
        self.db.delete_users(ids).await
    }

    #[write_through(key = UserKey { id: user.id }, ttl = 3600, tags("tenant:<user.tenant>"))]
    async fn rename(&self, user: &User) -> Result<User, DbError> {
        self.db.update_returning(user).await
    }
}

#[derive(Clone)]
struct Counters {
    db: std::sync::Arc<Db>,
}

impl Counters {
    #[rustfmt::skip]
    #[write_behind(queue = "views", key = "views:<views.page>", ttl = 3600, enqueue = save(views), batch = 500)]
    async fn save_all(&self, all: Vec<Views>) -> Result<(), DbError> {
        self.db.upsert_views(all).await // one statement for all of them
    }
}

#[tokio::test]
async fn many_rows_and_a_value_that_is_left() {
    let repo = UserRepo { db: Db::default() };
    let ann = User { id: 42, tenant: 7, name: "Ann".into() };
    Cache::in_memory()
        .scope(async {
            repo.rename(&ann).await.unwrap();
            assert_eq!(repo.find(42).await.unwrap(), Some(ann.clone()));
            assert_eq!(*repo.db.queries.lock().unwrap(), 0, "the value is there");
            let found = repo.find_many(&[41, 42, 43]).await.unwrap();
            assert_eq!(found, HashMap::from([(42, ann)]));
            assert_eq!(*repo.db.queries.lock().unwrap(), 1);
            repo.delete_many(&[41, 42]).await.unwrap();
            assert_eq!(repo.find(42).await.unwrap(), None);
            let tags = repo.tags(&[1, 2]).await.unwrap();
            assert_eq!(tags.iter().map(|tag| tag.article).collect::<Vec<_>>(), [1, 1, 2, 2]);
            assert_eq!(repo.tags(&[2]).await.unwrap(), tags[2..]);
        })
        .await;
}

/// What the README leaves to the reader.
async fn call_every_function() {
    let repo = UserRepo { db: Db::default() };
    let ann = User { id: 42, tenant: 7, name: "Ann".into() };
    repo.update(&ann).await.unwrap();
    repo.find(42).await.unwrap();
    repo.find_many(&[42]).await.unwrap();
    repo.delete_many(&[42]).await.unwrap();
}

#[tokio::test]
async fn writers_reach_their_readers() {
    let cache = Cache::in_memory();
    cache.scope(async { call_every_function().await }).await;
    if let Err(mismatches) = cache.check() {
        panic!("{mismatches}"); // a sentence for each, with what to write instead
    }
}

#[tokio::test]
async fn a_counter_that_is_written_behind() {
    let counters = Counters { db: Default::default() };
    let cache = Cache::in_memory();
    let run = async {
        let flusher = counters.save_flusher(); // at the start, in one process or in all
        for count in 1..=100 {
            let views = Views { page: 7, count };
            counters.save(&views).await?;
            assert_eq!(cache.get::<Views>("views:7").await?, Some(views), "at once");
        }
        flusher.shutdown().await; // at the end: every accepted value is in the database
        Ok::<_, cache_runtime::Error>(())
    };
    cache.scope(run).await.unwrap();
    let last = counters.db.views.lock().unwrap().last().cloned();
    assert_eq!(last, Some(Views { page: 7, count: 100 }));
    let queries = *counters.db.queries.lock().unwrap();
    assert!(queries < 100, "{queries} statements for 100 writes");
}

#[tokio::test]
async fn a_repository() {
    let repo = UserRepo { db: Db::default() };
    let ann = User { id: 42, tenant: 7, name: "Ann".into() };
    let anna = User { id: 42, tenant: 7, name: "Anna".into() };
    Cache::in_memory()
        .scope(async {
            repo.update(&ann).await.unwrap();
            assert_eq!(repo.find(42).await.unwrap(), Some(ann));
            assert!(repo.find(42).await.unwrap().is_some());
            assert_eq!(*repo.db.queries.lock().unwrap(), 1);
            repo.update(&anna).await.unwrap();
            assert_eq!(repo.find(42).await.unwrap(), Some(anna));
            assert_eq!(*repo.db.queries.lock().unwrap(), 2);
        })
        .await;
}

#[tokio::test]
#[rustfmt::skip]
async fn a_global_cache_needs_no_server_to_be_built() -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::builder()
        .url("redis://127.0.0.1:6379")
        .namespace("shop")
        .connections(4)
        .deadline(Duration::from_millis(100))
        .build()
        .await?;
    cache_runtime::set_global(cache)?;
    assert!(format!("{:?}", Cache::global()).contains("127.0.0.1:6379"));
    Ok(())
}

/// Not run: there are no such files.
#[allow(dead_code)]
#[rustfmt::skip]
async fn tls_and_credentials() -> Result<Cache, Box<dyn std::error::Error>> {
    let cache = Cache::builder()
        .url("rediss://cache.internal:6379")
        .tls(Tls::new().root_ca(std::fs::read("/etc/redis/ca.crt")?))
        .credentials(async || {
            let password = tokio::fs::read_to_string("/run/secrets/cache").await?;
            std::io::Result::Ok(Credentials::new("shop", password.trim_end()))
        })
        .build()
        .await?;
    Ok(cache)
}

#[tokio::test]
async fn encrypted_values() -> Result<(), Box<dyn std::error::Error>> {
    let (of_november, of_may) = ([11; 32], [5; 32]);
    let ring = KeyRing::new("2026-11", &of_november).with_decryption_key("2026-05", &of_may);
    let cache = Cache::builder().url("redis://127.0.0.1:6379").encryption(ring).build().await?;
    assert!(!format!("{cache:?}").contains("11, 11"));
    Ok(())
}

#[tokio::test]
#[rustfmt::skip]
async fn a_dashboard_is_mounted_in_a_router() {
    let cache = Cache::in_memory();
    let dashboard = Dashboard::new(&cache);
    let json = move || async move { ([(CONTENT_TYPE, "application/json")], dashboard.json()) };
    let app = Router::new()
        .route("/cache", get(|| async { Html(Dashboard::page()) }))
        .route("/cache/json", get(json));
    // That it answers is shown by `dashboard`, in a browser.
    let _: Router = app;
}

#[tokio::test]
async fn a_transaction_of_ones_own() -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::in_memory();
    let bank = Db::default();
    cache.put("account:1", &100, 60).await;
    let fence = cache.fence(["account:1", "account:2"]).await;
    bank.transfer(1, 2, 100).await?; // begins and commits a transaction
    fence.settle().await;
    assert_eq!(cache.get::<u64>("account:1").await?, None);
    Ok(())
}

/// A transaction of the bank.
struct BankTx;

impl BankTx {
    async fn commit(self) -> Result<(), DbError> {
        Ok(())
    }
}

impl Db {
    async fn begin(&self) -> Result<BankTx, DbError> {
        Ok(BankTx)
    }

    #[invalidates("account:<id>")]
    async fn add(&self, _: &mut BankTx, id: u64, _: i64) -> Result<(), DbError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_transaction_in_a_scope() -> Result<(), Box<dyn std::error::Error>> {
    let (cache, bank) = (Cache::in_memory(), Db::default());
    cache.put("account:1", &100, 60).await;
    let moved = cache.scope(async {
        cache_runtime::transaction(async {
            let mut tx = bank.begin().await?;
            bank.add(&mut tx, 1, -100).await?; // #[invalidates("account:<id>")]
            bank.add(&mut tx, 2, 100).await?;
            tx.commit().await
        })
        .await?;
        Ok::<_, DbError>(())
    });
    moved.await?;
    assert_eq!(cache.get::<u64>("account:1").await?, None);
    assert_eq!(cache.stats().total().invalidations, 2);
    Ok(())
}

#[tokio::test]
async fn no_macro() -> Result<(), Box<dyn std::error::Error>> {
    const USERS: Policy = Policy::ttl(3600).lock().negative_ttl(60);

    let (cache, db, id) = (Cache::in_memory(), Db::default(), 42);
    for _ in 0..2 {
        let user = cache.get_or_load(UserKey { id }, &USERS, || db.select_user(id)).await?;
        assert_eq!(user, None);
    }
    assert_eq!(*db.queries.lock().unwrap(), 1);
    Ok(())
}

#[tokio::test]
#[rustfmt::skip]
async fn the_end_of_a_process() {
    let cache = Cache::in_memory();
    if let Err(error) = cache.drain(Duration::from_secs(5)).await {
        eprintln!("{error}"); // how many are still pending
    }
}

/// How often the price has been loaded.
#[cached(key = "price:<name>", ttl = 60)]
async fn price(name: &str) -> u32 {
    static LOADS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    assert_eq!(name, "tea");
    LOADS.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1
}

#[rustfmt::skip]
#[tokio::test(start_paused = true)]
async fn a_price_is_loaded_again_after_a_minute() {
    Cache::in_memory()
        .scope(async {
            assert_eq!(price("tea").await, 1);
            tokio::time::advance(Duration::from_secs(59)).await;
            assert_eq!(price("tea").await, 1);
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(price("tea").await, 2);
        })
        .await;
}

/// Each paragraph of each `rust` block stands in this file, but for indentation.
#[test]
fn every_block_of_the_readme_is_here() {
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let here = lines(include_str!("readme.rs"));
    let readme = include_str!("../../README.md");
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).collect();
    assert!(blocks.len() >= 4, "the README has lost its examples");
    for block in blocks {
        let block = block.split("```").next().unwrap_or_default();
        for paragraph in block.trim().split("\n\n") {
            let paragraph = lines(paragraph);
            let found = here.windows(paragraph.len()).any(|window| window == paragraph);
            assert!(found, "the README's code is compiled nowhere:\n{}", paragraph.join("\n"));
        }
    }
}
