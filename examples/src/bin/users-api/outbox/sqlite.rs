//! The outbox in SQLite, which has neither locks of rows nor notifications: what a follower takes is its own for some
//! seconds, and it watches the version of the file, which costs next to nothing.

use std::{str::FromStr, time::Duration};

use cache_runtime::outbox::{Backlog, Change, Outbox, Taken};
use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::{sync::Mutex, time::sleep};

use super::{AGAIN, read, split};
use crate::model::now_ms;

/// How long a follower has what it has taken. If it dies, others get it then.
const LEASE: Duration = Duration::from_secs(10);

/// Between two looks at the version of the file.
const LOOK: Duration = Duration::from_millis(10);

/// One connection, since the version tells what others have written since it was last asked for over the same one.
pub(super) struct SqliteOutbox(Mutex<Watched>);

struct Watched {
    connection: SqliteConnection,
    /// The version before the last look at the table.
    version: i64,
}

impl SqliteOutbox {
    pub(super) async fn connect(url: &str) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::from_str(url)?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(10));
        Ok(SqliteOutbox(Mutex::new(Watched { connection: options.connect().await?, version: 0 })))
    }
}

impl Watched {
    async fn version(&mut self) -> sqlx::Result<i64> {
        sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut self.connection).await
    }
}

impl Outbox for SqliteOutbox {
    type Receipt = Vec<i64>;
    type Error = sqlx::Error;

    async fn take(&self, most: usize) -> sqlx::Result<Taken<Vec<i64>>> {
        let mut watched = self.0.lock().await;
        watched.version = watched.version().await?;
        let take = sqlx::query_as(
            "UPDATE cache_outbox SET due_ms = $1 + $2 \
             WHERE id IN (SELECT id FROM cache_outbox WHERE due_ms <= $1 ORDER BY id LIMIT $3) \
             RETURNING id, kind, head, rest, max($1 - recorded_ms, 0)",
        );
        let take = take.bind(now_ms()).bind(LEASE.as_millis() as i64).bind(most as i64);
        let rows: Vec<(i64, String, String, String, i64)> =
            take.fetch_all(&mut watched.connection).await?;
        let rows = rows.into_iter().map(|(id, kind, head, rest, age)| {
            read(id, [kind, head, rest], Duration::from_millis(age.unsigned_abs()))
        });
        let mut rows: Vec<(i64, Change)> = rows.collect();
        // `RETURNING` has no order.
        rows.sort_by_key(|(id, _)| *id);
        let (receipt, changes) = rows.into_iter().unzip();
        Ok(Taken { changes, receipt })
    }

    async fn finish(&self, receipt: Vec<i64>, confirmed: &[bool]) -> sqlx::Result<()> {
        let mut watched = self.0.lock().await;
        // A list of numbers is JSON as it is printed.
        let [done, again] = split(receipt, confirmed).map(|ids| format!("{ids:?}"));
        let delete = "DELETE FROM cache_outbox WHERE id IN (SELECT value FROM json_each($1))";
        sqlx::query(delete).bind(done).execute(&mut watched.connection).await?;
        let later =
            "UPDATE cache_outbox SET due_ms = $2 WHERE id IN (SELECT value FROM json_each($1))";
        let later = sqlx::query(later).bind(again).bind(now_ms() + AGAIN.as_millis() as i64);
        later.execute(&mut watched.connection).await?;
        Ok(())
    }

    async fn arrival(&self) -> sqlx::Result<()> {
        let mut watched = self.0.lock().await;
        while watched.version().await? == watched.version {
            sleep(LOOK).await;
        }
        Ok(())
    }

    async fn backlog(&self) -> sqlx::Result<Backlog> {
        let mut watched = self.0.lock().await;
        let measure =
            sqlx::query_as("SELECT count(*), max($1 - min(recorded_ms), 0) FROM cache_outbox");
        let (changes, oldest): (i64, Option<i64>) =
            measure.bind(now_ms()).fetch_one(&mut watched.connection).await?;
        let oldest = Duration::from_millis(oldest.unwrap_or_default().unsigned_abs());
        Ok(Backlog { changes: changes.unsigned_abs(), oldest })
    }
}
