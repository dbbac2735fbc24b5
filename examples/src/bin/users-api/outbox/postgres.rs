//! The outbox in PostgreSQL: a transaction locks what a follower has taken, and `NOTIFY` wakes the others.

use std::time::Duration;

use cache_runtime::outbox::{Backlog, Outbox, Taken};
use sqlx::{
    PgPool, Postgres, Transaction,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::{sync::Mutex, time::timeout};

use super::{AGAIN, read, split};

const CHANNEL: &str = "cache_outbox";

/// A follower that stands still for longer loses its locks: the server ends its transaction.
const LONGEST: &str = "SET idle_in_transaction_session_timeout = '60s'";

pub(super) struct PostgresOutbox {
    pool: PgPool,
    /// None after it has failed, until it is connected again.
    listener: Mutex<Option<PgListener>>,
}

/// The transaction that has locked some changes, and their ids. Whatever ends it gives them back.
pub(super) struct Locked {
    transaction: Transaction<'static, Postgres>,
    ids: Vec<i64>,
}

impl PostgresOutbox {
    pub(super) async fn connect(url: &str) -> sqlx::Result<Self> {
        let pool = PgPoolOptions::new().max_connections(3).after_connect(|connection, _| {
            Box::pin(async move { sqlx::query(LONGEST).execute(connection).await.map(|_| ()) })
        });
        let pool = pool.connect(url).await?;
        // From now on: a change after the first look is not missed.
        let listener = Mutex::new(Some(listen(&pool).await?));
        Ok(PostgresOutbox { pool, listener })
    }
}

/// Takes a connection out of the pool for good.
async fn listen(pool: &PgPool) -> sqlx::Result<PgListener> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

impl Outbox for PostgresOutbox {
    type Receipt = Locked;
    type Error = sqlx::Error;

    async fn take(&self, most: usize) -> sqlx::Result<Taken<Locked>> {
        let mut transaction = self.pool.begin().await?;
        let take = sqlx::query_as(
            "SELECT id, kind, head, rest, GREATEST(extract(epoch FROM clock_timestamp() - recorded_at), 0)::FLOAT8 \
             FROM cache_outbox WHERE due <= now() ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
        );
        let rows: Vec<(i64, String, String, String, f64)> =
            take.bind(most as i64).fetch_all(&mut *transaction).await?;
        let rows = rows.into_iter().map(|(id, kind, head, rest, age)| {
            read(id, [kind, head, rest], Duration::from_secs_f64(age))
        });
        let (ids, changes) = rows.unzip();
        Ok(Taken { changes, receipt: Locked { transaction, ids } })
    }

    async fn finish(&self, receipt: Locked, confirmed: &[bool]) -> sqlx::Result<()> {
        let Locked { mut transaction, ids } = receipt;
        let [done, again] = split(ids, confirmed);
        let delete = sqlx::query("DELETE FROM cache_outbox WHERE id = ANY($1)").bind(done);
        delete.execute(&mut *transaction).await?;
        if !again.is_empty() {
            let later = sqlx::query(
                "UPDATE cache_outbox SET due = clock_timestamp() + make_interval(secs => $2) WHERE id = ANY($1)",
            );
            later.bind(again).bind(AGAIN.as_secs_f64()).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }

    async fn arrival(&self) -> sqlx::Result<()> {
        let mut slot = self.listener.lock().await;
        // Whatever goes wrong with it, the next one begins anew.
        let mut listener = match slot.take() {
            Some(listener) => listener,
            None => listen(&self.pool).await?,
        };
        // None is a connection that was lost and is there again, so something may have been missed.
        let arrived = listener.try_recv().await;
        // One look at the table is for all that have arrived.
        while let Ok(Ok(Some(_))) = timeout(Duration::ZERO, listener.try_recv()).await {}
        arrived?;
        *slot = Some(listener);
        Ok(())
    }

    async fn backlog(&self) -> sqlx::Result<Backlog> {
        let measure = sqlx::query_as(
            "SELECT count(*), GREATEST(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0)::FLOAT8 \
             FROM cache_outbox",
        );
        let (changes, oldest): (i64, f64) = measure.fetch_one(&self.pool).await?;
        Ok(Backlog { changes: changes.unsigned_abs(), oldest: Duration::from_secs_f64(oldest) })
    }
}
