//! The repository: the only file of this program that an application would have too.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use cache_runtime::{Cache, cached, invalidates};
use serde::{Deserialize, Serialize};
use sqlx::{
    FromRow, Row,
    sqlite::{SqlitePool, SqliteRow},
};

/// A row of the table `users`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: String,
    /// Grows by one with every update, which is how a stale read can be told.
    pub(crate) version: u64,
}

/// Users in a database, read through a cache.
pub(crate) struct Users {
    pool: SqlitePool,
    cache: Cache,
    ttl: Duration,
    selects: AtomicU64,
    updates: AtomicU64,
}

impl Users {
    pub(crate) fn new(pool: SqlitePool, cache: Cache, ttl: Duration) -> Self {
        Users { pool, cache, ttl, selects: AtomicU64::new(0), updates: AtomicU64::new(0) }
    }

    /// The user of this id, if there is one.
    #[cached(key = "user:<id>", ttl = self.ttl, lock, cache = self.cache)]
    pub(crate) async fn find(&self, id: u64) -> sqlx::Result<Option<User>> {
        self.selects.fetch_add(1, Ordering::Relaxed);
        sqlx::query_as("SELECT id, name, email, version FROM users WHERE id = ?")
            .bind(id.cast_signed())
            .fetch_optional(&self.pool)
            .await
    }

    /// Writes the name and the email of a user, and returns the row's new version.
    #[invalidates("user:<user.id>", cache = self.cache)]
    pub(crate) async fn update(&self, user: &User) -> sqlx::Result<u64> {
        self.updates.fetch_add(1, Ordering::Relaxed);
        sqlx::query_scalar(
            "UPDATE users SET name = ?, email = ?, version = version + 1 WHERE id = ? \
             RETURNING version",
        )
        .bind(&user.name)
        .bind(&user.email)
        .bind(user.id.cast_signed())
        .fetch_one(&self.pool)
        .await
    }

    pub(crate) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// How many SQL statements were sent: reads and updates.
    pub(crate) fn statements(&self) -> (u64, u64) {
        let selects = self.selects.load(Ordering::Relaxed);
        (selects, self.updates.load(Ordering::Relaxed))
    }
}

impl<'r> FromRow<'r, SqliteRow> for User {
    fn from_row(row: &'r SqliteRow) -> sqlx::Result<Self> {
        Ok(User {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            email: row.try_get("email")?,
            version: row.try_get("version")?,
        })
    }
}
