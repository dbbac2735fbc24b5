//! The outbox: what is changed past this process's attributes, by `psql`, a migration or a process that was killed.
//!
//! Triggers record each change of a user in the table `cache_outbox`, in the transaction that makes it; a program can
//! record more in its own. The follower takes it from there and invalidates it. A file for each database has what
//! differs: how a change is taken, and how a follower is woken.

mod postgres;
mod sqlite;

use std::time::Duration;

use cache_runtime::{
    Cache,
    outbox::{Change, Follower},
};
use sqlx::AnyConnection;

use self::{postgres::PostgresOutbox, sqlite::SqliteOutbox};

/// How long a change that the cache's store has not confirmed stays behind the others.
const AGAIN: Duration = Duration::from_secs(1);

/// Follows the outbox of the database at `url`, which has its tables already.
pub(crate) async fn follow(cache: &Cache, url: &str) -> sqlx::Result<Follower> {
    Ok(if url.starts_with("sqlite:") {
        cache.follow("users", SqliteOutbox::connect(url).await?)
    } else {
        cache.follow("users", PostgresOutbox::connect(url).await?)
    })
}

/// Records what a transaction makes stale that no trigger knows of. It counts if the transaction is committed.
pub(crate) async fn record(transaction: &mut AnyConnection, change: Change) -> sqlx::Result<()> {
    let kind = if change.is_tag() { "tag" } else { "key" };
    let insert = sqlx::query("INSERT INTO cache_outbox (kind, head, rest) VALUES ($1, $2, $3)");
    insert.bind(kind).bind(change.head()).bind(change.rest()).execute(transaction).await?;
    Ok(())
}

/// What a row of the table says: its id and its change.
fn read(id: i64, [kind, head, rest]: [String; 3], age: Duration) -> (i64, Change) {
    let change = if kind == "tag" { Change::tag(head, rest) } else { Change::key(head, rest) };
    (id, change.aged(age))
}

/// The ids that are confirmed, and the others.
fn split(ids: Vec<i64>, confirmed: &[bool]) -> [Vec<i64>; 2] {
    let (done, again): (Vec<_>, Vec<_>) =
        ids.into_iter().zip(confirmed).partition(|(_, confirmed)| **confirmed);
    [done, again].map(|part| part.into_iter().map(|(id, _)| id).collect())
}
