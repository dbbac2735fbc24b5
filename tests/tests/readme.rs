//! The README's code compiles and does what the README says: every block of it stands below, line for line.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use cache_runtime::{Cache, Policy};
#[rustfmt::skip]
use cache_runtime::{CacheKey, cached, invalidates};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct User {
    id: u64,
    name: String,
}

type DbError = std::io::Error;

/// Stands for a database, and counts the queries.
#[derive(Default)]
struct Db {
    users: Mutex<HashMap<u64, User>>,
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

    async fn transfer(&self, _: u64, _: u64, _: u64) -> Result<(), DbError> {
        Ok(())
    }
}

struct UserRepo {
    db: Db,
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

#[tokio::test]
async fn a_repository() {
    let repo = UserRepo { db: Db::default() };
    let ann = User { id: 42, name: "Ann".into() };
    let anna = User { id: 42, name: "Anna".into() };
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

#[tokio::test]
async fn a_transaction_of_ones_own() -> Result<(), Box<dyn std::error::Error>> {
    let cache = Cache::in_memory();
    let bank = Db::default();
    cache.put("account:1", &100, 60).await?;
    let fence = cache.fence(["account:1", "account:2"]).await;
    bank.transfer(1, 2, 100).await?; // begins and commits a transaction
    fence.settle().await?;
    assert_eq!(cache.get::<u64>("account:1").await?, None);
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
