//! What the small programs share: a table of users that counts its queries, and a cache of their own.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use cache_runtime::{Builder, Cache, CacheKey, CacheValue, Error};
use serde::{Deserialize, Serialize};

/// A row of the table, and the key that it is cached under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, CacheValue, CacheKey)]
#[cache_key("user:<id>", value = Self)]
pub struct User {
    /// The primary key.
    pub id: u64,
    /// Whose user it is.
    pub tenant: u64,
    /// What it is called.
    pub name: String,
}

/// What a query can fail with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

impl std::fmt::Display for Away {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the database is away")
    }
}

impl std::error::Error for Away {}

/// A stand-in for a database: each query takes its time and is counted. Cloning it is cheap, as it is for a pool.
#[derive(Clone, Debug, Default)]
pub struct Table {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    rows: Mutex<BTreeMap<u64, User>>,
    queries: AtomicU64,
    away: AtomicBool,
}

impl Table {
    /// A table of so many users, whose tenants take turns.
    pub fn of(users: u64, tenants: u64) -> Table {
        let user = |id| User { id, tenant: id % tenants, name: format!("user {id}") };
        let table = Table::default();
        *table.rows() = (1..=users).map(|id| (id, user(id))).collect();
        table
    }

    /// `SELECT * FROM users WHERE id = $1`
    ///
    /// # Errors
    ///
    /// While the database is [away](Table::set_away).
    pub async fn select(&self, id: u64) -> Result<Option<User>, Away> {
        self.query().await?;
        Ok(self.rows().get(&id).cloned())
    }

    /// `SELECT * FROM users WHERE id = ANY($1)`
    ///
    /// # Errors
    ///
    /// While the database is [away](Table::set_away).
    pub async fn select_many(&self, ids: &[u64]) -> Result<HashMap<u64, User>, Away> {
        self.query().await?;
        let rows = self.rows();
        Ok(ids.iter().filter_map(|id| Some((*id, rows.get(id)?.clone()))).collect())
    }

    /// `SELECT id FROM users WHERE name = $1`
    ///
    /// # Errors
    ///
    /// While the database is [away](Table::set_away).
    pub async fn id_of(&self, name: &str) -> Result<Option<u64>, Away> {
        self.query().await?;
        Ok(self.rows().values().find(|user| user.name == name).map(|user| user.id))
    }

    /// `SELECT count(*) FROM users WHERE tenant = $1`
    ///
    /// # Errors
    ///
    /// While the database is [away](Table::set_away).
    pub async fn count(&self, tenant: u64) -> Result<usize, Away> {
        self.query().await?;
        Ok(self.rows().values().filter(|user| user.tenant == tenant).count())
    }

    /// `INSERT INTO users … ON CONFLICT (id) DO UPDATE …`, of any number of rows.
    ///
    /// # Errors
    ///
    /// While the database is [away](Table::set_away).
    pub async fn upsert(&self, users: &[User]) -> Result<(), Away> {
        self.query().await?;
        self.rows().extend(users.iter().map(|user| (user.id, user.clone())));
        Ok(())
    }

    /// Lets every query fail, or none.
    pub fn set_away(&self, away: bool) {
        self.inner.away.store(away, Ordering::SeqCst);
    }

    /// How many queries there have been.
    pub fn queries(&self) -> u64 {
        self.inner.queries.load(Ordering::SeqCst)
    }

    async fn query(&self) -> Result<(), Away> {
        self.inner.queries.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        if self.inner.away.load(Ordering::SeqCst) { Err(Away) } else { Ok(()) }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<u64, User>> {
        self.inner.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cache of the program `name`: over the Redis that `CACHE_URL` names, or embedded where that is not set. What an
/// earlier run has left there is gone.
///
/// # Errors
///
/// Where `CACHE_URL` is malformed, or the server that it names does not answer.
pub async fn cache(name: &str) -> Result<Cache, Error> {
    let cache = Builder::from_env()?.namespace(name).build().await?;
    cache.flush_namespace().await;
    Ok(cache)
}
