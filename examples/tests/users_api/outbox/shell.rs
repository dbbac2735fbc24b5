//! Databases as somebody at a keyboard has them: by `sqlite3` and by `psql`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use cache_tests::patience::eventually;
use tempfile::TempDir;

use crate::postgres::{Postgres, found};

/// A database, to be used by services and, beside them, by its shell.
pub(super) enum Database {
    Sqlite(TempDir),
    Postgres { url: String, _server: Postgres },
}

impl Database {
    /// One of each kind, without tables.
    pub(super) async fn each() -> [Database; 2] {
        let server = Postgres::start().await;
        let url = server.database("users").await;
        let folder = tempfile::tempdir().expect("a folder can be made");
        [Database::Sqlite(folder), Database::Postgres { url, _server: server }]
    }

    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self, Database::Sqlite(_))
    }

    /// Its address for a service.
    pub(super) fn url(&self) -> String {
        match self {
            Database::Sqlite(folder) => {
                format!("sqlite://{}/users.db?mode=rwc", folder.path().display())
            }
            Database::Postgres { url, .. } => url.clone(),
        }
    }

    /// Runs SQL in the shell, which has to succeed, and returns what it prints: a line for each row.
    pub(super) fn run(&self, sql: &str) -> Vec<String> {
        let mut shell = match self {
            Database::Sqlite(folder) => {
                let mut shell = Command::new("sqlite3");
                shell
                    .args(["-batch", "-bail", "-cmd", ".timeout 10000"])
                    .arg(folder.path().join("users.db"));
                shell
            }
            Database::Postgres { url, .. } => {
                let mut shell = Command::new(found("psql"));
                shell.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url]);
                shell
            }
        };
        let streams = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = streams.spawn().unwrap_or_else(|error| {
            panic!("this test needs `sqlite3` and `psql` ({error}): `tests/run` installs them")
        });
        let mut input = process.stdin.take().expect("it was asked for");
        input.write_all(sql.as_bytes()).expect("the shell reads all of it");
        drop(input);
        let output = process.wait_with_output().expect("a child can be waited for");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaint.is_empty(), "{sql}\n{complaint}");
        String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
    }

    /// The number that a query returns.
    pub(super) fn number(&self, sql: &str) -> u64 {
        let rows = self.run(&format!("{sql};"));
        rows[0].parse().unwrap_or_else(|_| panic!("{sql}: {rows:?}"))
    }

    /// How many changes were ever recorded.
    pub(super) fn recorded(&self) -> u64 {
        self.number(match self {
            Database::Sqlite(_) => "SELECT seq FROM sqlite_sequence WHERE name = 'cache_outbox'",
            Database::Postgres { .. } => "SELECT last_value FROM cache_outbox_id_seq",
        })
    }

    /// How many changes a follower has, right now.
    pub(super) fn taken(&self) -> u64 {
        self.number(match self {
            // What was given back is due in a second, what was taken in ten.
            Database::Sqlite(_) => {
                "SELECT count(*) FROM cache_outbox WHERE due_ms > (julianday('now') - 2440587.5) * 86400000 + 3000"
            }
            Database::Postgres { .. } => {
                "SELECT (SELECT count(*) FROM cache_outbox) \
                 - (SELECT count(*) FROM (SELECT 1 FROM cache_outbox FOR UPDATE SKIP LOCKED) AS free)"
            }
        })
    }

    /// Waits until everything that was recorded is invalidated.
    pub(super) async fn emptied(&self) {
        let left = || self.number("SELECT count(*) FROM cache_outbox");
        eventually("the outbox is empty", async || left() == 0).await;
    }

    /// Adds so many users to the tenant `acme`, as a script would. Their ids begin with 1 in a new database.
    pub(super) fn add_users(&self, users: usize) {
        self.run(&format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {users}) \
             INSERT INTO users (tenant, email, name) SELECT 'acme', n || '@example.com', 'old' FROM n;"
        ));
    }
}
