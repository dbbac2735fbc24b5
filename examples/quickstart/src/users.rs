//! The repository: the only file of this program that an application would have too.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use cache_runtime::{Cache, cached, invalidates};
use rusqlite::{OptionalExtension, Row};
use serde::{Deserialize, Serialize};

use crate::database::Database;

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
    database: Database,
    cache: Cache,
    ttl: Duration,
    selects: AtomicU64,
    updates: AtomicU64,
}

impl Users {
    pub(crate) fn new(database: Database, cache: Cache, ttl: Duration) -> Self {
        Users { database, cache, ttl, selects: AtomicU64::new(0), updates: AtomicU64::new(0) }
    }

    /// The user of this id, if there is one.
    #[cached(key = "user:<id>", ttl = self.ttl, lock, cache = self.cache, name = "Users::find")]
    pub(crate) async fn find(&self, id: u64) -> rusqlite::Result<Option<User>> {
        self.selects.fetch_add(1, Ordering::Relaxed);
        let select = "SELECT id, name, email, version FROM users WHERE id = ?";
        let found = self.database.run(move |connection| {
            connection.prepare_cached(select)?.query_row([id.cast_signed()], User::read).optional()
        });
        found.await
    }

    /// Writes the name and the email of a user, and returns the row's new version.
    #[invalidates("user:<user.id>", cache = self.cache, name = "Users::update")]
    pub(crate) async fn update(&self, user: &User) -> rusqlite::Result<u64> {
        self.updates.fetch_add(1, Ordering::Relaxed);
        let update = "UPDATE users SET name = ?, email = ?, version = version + 1 WHERE id = ? RETURNING version";
        let row = (user.name.clone(), user.email.clone(), user.id.cast_signed());
        let updated = self.database.run(move |connection| {
            connection.prepare_cached(update)?.query_row(row, |row| row.get::<_, i64>(0))
        });
        Ok(updated.await?.cast_unsigned())
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

impl User {
    fn read(row: &Row<'_>) -> rusqlite::Result<User> {
        Ok(User {
            id: row.get::<_, i64>("id")?.cast_unsigned(),
            name: row.get("name")?,
            email: row.get("email")?,
            version: row.get::<_, i64>("version")?.cast_unsigned(),
        })
    }
}
