//! The SQLite database that the program runs on: a temporary file, removed at the end.

use std::{error::Error, time::Duration};

use sqlx::{
    ConnectOptions,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
    },
};
use tempfile::TempDir;

/// A table of users, all at version 1.
pub(crate) struct Database {
    pub(crate) pool: SqlitePool,
    folder: TempDir,
}

impl Database {
    /// Creates users with the ids from 1 to `users`.
    pub(crate) async fn create(users: u32) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::Builder::new().prefix("quickstart-").tempdir()?;
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("users.db"))
            .create_if_missing(true)
            // Readers go on while a writer writes.
            .journal_mode(SqliteJournalMode::Wal)
            // The file does not outlive the program, so it need not survive a power cut.
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(Duration::from_secs(30))
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            // A thousand callers may queue for the four.
            .acquire_timeout(Duration::from_secs(60))
            .connect_with(options)
            .await?;
        sqlx::query(
            "CREATE TABLE users (
                id      INTEGER PRIMARY KEY,
                name    TEXT NOT NULL,
                email   TEXT NOT NULL,
                version INTEGER NOT NULL DEFAULT 1
            )",
        )
        .execute(&pool)
        .await?;
        sqlx::query(
            "WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < ?)
             INSERT INTO users (id, name, email)
             SELECT id, 'User ' || id, 'user' || id || '@example.com' FROM ids",
        )
        .bind(users)
        .execute(&pool)
        .await?;
        Ok(Database { pool, folder })
    }

    /// Closes the connections first: some systems do not remove files that are open.
    pub(crate) async fn close(self) {
        self.pool.close().await;
        drop(self.folder);
    }
}
