//! Functions over connections and transactions, with sqlx's own types: what `transaction` and `outside_transaction` allow.

use cache_runtime::{transaction, write_through};
use cache_tests::log::Log;
use sqlx::{
    Acquire, Connection, Executor, Sqlite, SqliteConnection, SqlitePool, pool::PoolConnection,
};

use super::*;

/// As many give it another name.
type Alias<'t> = sqlx::Transaction<'t, Sqlite>;

#[cached(key = "row:<id>", ttl = 60, skip(loads, conn), transaction)]
async fn by_connection(loads: &Loads, conn: &mut SqliteConnection, id: i64) -> sqlx::Result<i64> {
    loads.add_one();
    sqlx::query_scalar("SELECT version FROM rows WHERE id = $1").bind(id).fetch_one(conn).await
}

#[cached(key = "row:<id>", ttl = 60, skip(loads, executor), transaction)]
async fn by_executor<'e, E>(loads: &Loads, executor: E, id: i64) -> sqlx::Result<i64>
where
    E: Executor<'e, Database = Sqlite>,
{
    loads.add_one();
    sqlx::query_scalar("SELECT version FROM rows WHERE id = $1").bind(id).fetch_one(executor).await
}

#[cached(key = "row:<id>", ttl = 60, skip(loads, conn), transaction)]
async fn by_acquired(
    loads: &Loads,
    conn: impl Acquire<'_, Database = Sqlite>,
    id: i64,
) -> sqlx::Result<i64> {
    loads.add_one();
    let mut conn = conn.acquire().await?;
    let row = sqlx::query_scalar("SELECT version FROM rows WHERE id = $1").bind(id);
    row.fetch_one(&mut *conn).await
}

#[cached(key = "row:<id>", ttl = 60, skip(loads, tx), transaction)]
async fn by_transaction(loads: &Loads, tx: &mut Alias<'_>, id: i64) -> sqlx::Result<i64> {
    loads.add_one();
    let row = sqlx::query_scalar("SELECT version FROM rows WHERE id = $1").bind(id);
    row.fetch_one(&mut **tx).await
}

#[cached(key = "row:<id>", ttl = 60, skip(loads, tx), transaction)]
async fn by_optional_transaction(
    loads: &Loads,
    tx: Option<&mut sqlx::Transaction<'_, Sqlite>>,
    id: i64,
) -> sqlx::Result<i64> {
    loads.add_one();
    match tx {
        Some(tx) => by_transaction(loads, tx, id).await,
        None => Ok(0),
    }
}

/// Its library can be asked.
#[cached(key = "row:<id>", ttl = 60, skip(loads, conn), transaction = conn.is_in_transaction())]
async fn by_asking(loads: &Loads, conn: &mut SqliteConnection, id: i64) -> sqlx::Result<i64> {
    loads.add_one();
    sqlx::query_scalar("SELECT version FROM rows WHERE id = $1").bind(id).fetch_one(conn).await
}

/// The same of a writer.
#[write_through(key = "row:<id>", ttl = 60, transaction = conn.is_in_transaction())]
async fn replace_by_asking(conn: &mut SqliteConnection, id: i64) -> sqlx::Result<i64> {
    let update = "UPDATE rows SET version = version + 1 WHERE id = $1 RETURNING version";
    sqlx::query_scalar(update).bind(id).fetch_one(conn).await
}

/// A connection that is taken for this and nothing else.
#[cached(key = "row:<id>", ttl = 60, skip(loads, conn), outside_transaction(conn))]
async fn by_own_connection(
    loads: &Loads,
    mut conn: PoolConnection<Sqlite>,
    id: i64,
) -> sqlx::Result<i64> {
    loads.add_one();
    let row = sqlx::query_scalar("SELECT version FROM rows WHERE id = $1").bind(id);
    row.fetch_one(&mut *conn).await
}

#[cached(key = "row:<id>", ttl = 60, skip(loads, pool))]
async fn by_pool(loads: &Loads, pool: &SqlitePool, id: i64) -> sqlx::Result<i64> {
    loads.add_one();
    sqlx::query_scalar("SELECT version FROM rows WHERE id = $1").bind(id).fetch_one(pool).await
}

#[invalidates("row:<id>", transaction)]
async fn update<'e>(executor: impl Executor<'e, Database = Sqlite>, id: i64) -> sqlx::Result<()> {
    let update = sqlx::query("UPDATE rows SET version = version + 1 WHERE id = $1").bind(id);
    update.execute(executor).await.map(drop)
}

#[write_through(key = "row:<id>", ttl = 60, transaction)]
async fn replace(tx: &mut sqlx::Transaction<'_, Sqlite>, id: i64) -> sqlx::Result<i64> {
    let update = "UPDATE rows SET version = version + 1 WHERE id = $1 RETURNING version";
    sqlx::query_scalar(update).bind(id).fetch_one(&mut **tx).await
}

/// A repository of a unit of work: it does not say what it holds.
struct Repository<C>(tokio::sync::Mutex<C>);

impl<'t> Repository<sqlx::Transaction<'t, Sqlite>> {
    #[cached(key = "row:<id>", ttl = 60, skip(loads), transaction)]
    async fn find(&self, loads: &Loads, id: i64) -> sqlx::Result<i64> {
        by_transaction(loads, &mut *self.0.lock().await, id).await
    }
}

#[async_trait::async_trait]
trait Rows {
    async fn find(&self, loads: &Loads, conn: &mut SqliteConnection, id: i64) -> sqlx::Result<i64>;
}

struct Desugared;

#[async_trait::async_trait]
impl Rows for Desugared {
    #[cached(key = "row:<id>", ttl = 60, skip(loads, conn), transaction)]
    async fn find(&self, loads: &Loads, conn: &mut SqliteConnection, id: i64) -> sqlx::Result<i64> {
        by_connection(loads, conn, id).await
    }
}

/// An entity of one's own.
#[derive(Clone, CacheKey)]
#[cache_key("payment:<id>")]
struct Transaction {
    id: u64,
}

#[invalidates(payment, outside_transaction(payment))]
async fn cancel(payment: &Transaction) -> u64 {
    payment.id
}

#[cached(key = "payment:<payment.id>", ttl = 60, skip(loads), outside_transaction(payment))]
async fn amount(loads: &Loads, payment: Transaction) -> u64 {
    loads.add_one();
    payment.id * 100
}

/// A database with row 1 at version 1.
async fn database() -> SqlitePool {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let pool = options.connect("sqlite::memory:").await.expect("memory");
    sqlx::raw_sql("CREATE TABLE rows (id INTEGER PRIMARY KEY, version INTEGER NOT NULL); INSERT INTO rows VALUES (1, 1)")
        .execute(&pool)
        .await
        .expect("the schema is right");
    pool
}

#[tokio::test]
async fn a_connection_outside_of_a_transaction_uses_the_cache() -> sqlx::Result<()> {
    let (pool, loads, cache) = (database().await, Loads::default(), Cache::in_memory());
    cache
        .scope(async {
            let mut conn = pool.acquire().await?;
            for _ in 0..2 {
                assert_eq!(by_connection(&loads, &mut conn, 1).await?, 1);
                assert_eq!(Desugared.find(&loads, &mut conn, 1).await?, 1);
                assert_eq!(by_executor(&loads, &mut *conn, 1).await?, 1);
                assert_eq!(by_acquired(&loads, &mut *conn, 1).await?, 1);
            }
            drop(conn);
            assert_eq!(by_executor(&loads, &pool, 1).await?, 1);
            assert_eq!(by_own_connection(&loads, pool.acquire().await?, 1).await?, 1);
            assert_eq!(by_pool(&loads, &pool, 1).await?, 1);
            assert_eq!(loads.take(), 1);
            Ok(())
        })
        .await
}

#[tokio::test]
async fn a_transaction_in_a_scope_goes_past_the_cache_and_settles_after_the_commit()
-> sqlx::Result<()> {
    let (pool, loads, cache) = (database().await, Loads::default(), Cache::in_memory());
    let log = Log::listen();
    cache
        .scope(async {
            assert_eq!(by_pool(&loads, &pool, 1).await?, 1);
            transaction(async {
                let mut tx = pool.begin().await?;
                assert_eq!(replace(&mut tx, 1).await?, 2);
                update(&mut *tx, 1).await?;
                assert_eq!(by_connection(&loads, &mut tx, 1).await?, 3);
                assert_eq!(by_executor(&loads, &mut *tx, 1).await?, 3);
                assert_eq!(by_transaction(&loads, &mut tx, 1).await?, 3);
                let rows = Repository(tokio::sync::Mutex::new(tx));
                assert_eq!(rows.find(&loads, 1).await?, 3);
                assert_eq!(cache.get::<i64>("row:1").await, Ok(None));
                rows.0.into_inner().rollback().await
            })
            .await?;
            assert_eq!(loads.take(), 5);
            assert_eq!(by_pool(&loads, &pool, 1).await?, 1, "what was rolled back is nowhere");
            assert_eq!(loads.take(), 1);
            Ok::<_, sqlx::Error>(())
        })
        .await?;
    assert!(!log.says("WARN", &["a function wrote in a transaction"]), "{}", log.text());
    Ok(())
}

/// What only its type tells, it tells.
#[tokio::test]
async fn a_transaction_without_a_scope_bypasses_the_cache_and_a_writer_says_so_once()
-> sqlx::Result<()> {
    let (pool, loads, cache) = (database().await, Loads::default(), Cache::in_memory());
    let log = Log::listen();
    cache
        .scope(async {
            let mut tx = pool.begin().await?;
            for _ in 0..2 {
                assert_eq!(by_transaction(&loads, &mut tx, 1).await?, 1);
                assert_eq!(by_optional_transaction(&loads, Some(&mut tx), 1).await?, 1);
            }
            assert_eq!(loads.take(), 6);
            let rows = Repository(tokio::sync::Mutex::new(tx));
            for _ in 0..2 {
                assert_eq!(rows.find(&loads, 1).await?, 1);
            }
            assert_eq!(loads.take(), 2, "its own type tells");
            let mut tx = rows.0.into_inner();
            for version in 2..=3 {
                assert_eq!(replace(&mut tx, 1).await?, version);
            }
            assert_eq!(cache.get::<i64>("row:1").await, Ok(None), "a write-through leaves nothing");
            tx.rollback().await
        })
        .await?;
    let text = log.text();
    let warnings: Vec<_> = text.lines().filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{text}");
    assert!(
        warnings[0].contains("replace")
            && warnings[0].contains("outside of `cache_runtime::transaction(...)`")
    );
    Ok(())
}

/// A connection does not say by its type whether it is in one, and nobody has begun a scope.
#[tokio::test]
async fn a_connection_that_is_asked_says_whether_it_is_in_a_transaction() -> sqlx::Result<()> {
    let (pool, loads, cache) = (database().await, Loads::default(), Cache::in_memory());
    let log = Log::listen();
    cache
        .scope(async {
            let mut conn = pool.acquire().await?;
            for _ in 0..2 {
                assert_eq!(by_asking(&loads, &mut conn, 1).await?, 1);
            }
            assert_eq!(loads.take(), 1);
            let mut tx = conn.begin().await?;
            assert_eq!(replace_by_asking(&mut tx, 1).await?, 2);
            for _ in 0..2 {
                assert_eq!(by_asking(&loads, &mut tx, 1).await?, 2);
            }
            assert_eq!(loads.take(), 2);
            assert_eq!(cache.get::<i64>("row:1").await, Ok(None), "what never was is nowhere");
            tx.rollback().await?;
            assert_eq!(replace_by_asking(&mut conn, 1).await?, 2);
            assert_eq!(cache.get::<i64>("row:1").await, Ok(Some(2)));
            assert_eq!(by_asking(&loads, &mut conn, 1).await?, 2);
            assert_eq!(loads.take(), 0);
            Ok::<_, sqlx::Error>(())
        })
        .await?;
    let text = log.text();
    assert_eq!(text.lines().filter(|line| line.starts_with("WARN")).count(), 1, "{text}");
    Ok(())
}

#[tokio::test]
async fn an_entity_may_be_called_like_one() {
    let (loads, cache) = (Loads::default(), Cache::in_memory());
    cache
        .scope(async {
            let payment = Transaction { id: 7 };
            for _ in 0..2 {
                assert_eq!(amount(&loads, payment.clone()).await, 700);
            }
            assert_eq!(loads.take(), 1);
            assert_eq!(cancel(&payment).await, 7);
            amount(&loads, payment).await;
            assert_eq!(loads.take(), 1);
        })
        .await;
}

#[tokio::test]
async fn a_handle_that_outlives_its_scope_says_so_once() {
    let cache = Cache::in_memory();
    let log = Log::listen();
    let handle = transaction(async { cache_runtime::Transaction::current() }).await;
    let handle = handle.expect("it was one");
    for _ in 0..2 {
        handle.run(cache.invalidate("row:1")).await;
    }
    let text = log.text();
    assert_eq!(text.lines().filter(|line| line.starts_with("WARN")).count(), 1, "{text}");
    assert!(log.says("WARN", &["scope that has ended"]), "{text}");
}
