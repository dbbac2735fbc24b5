//! A transaction of several functions, on SQLite: what it reads and writes reaches the cache when it is committed, and not at
//! all when it is rolled back.

use std::error::Error;

use cache_examples::cache;
use cache_runtime::{cached, invalidates, transaction};
use sqlx::{
    Executor, Sqlite, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};

/// It works on any connection: one of a pool, or one that is in a transaction. `transaction` says that it may be.
#[cached(key = "account:<id>", ttl = 3600, lock, skip(db), transaction)]
async fn balance<'e>(db: impl Executor<'e, Database = Sqlite>, id: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT balance FROM accounts WHERE id = $1").bind(id).fetch_one(db).await
}

#[invalidates("account:<id>", transaction)]
async fn add(db: &mut SqliteConnection, id: i64, amount: i64) -> sqlx::Result<()> {
    let add = sqlx::query("UPDATE accounts SET balance = balance + $2 WHERE id = $1");
    add.bind(id).bind(amount).execute(db).await.map(drop)
}

/// Moves money, unless that would leave an account without any.
async fn transfer(db: &SqlitePool, from: i64, to: i64, amount: i64) -> sqlx::Result<bool> {
    transaction(async {
        let mut tx = db.begin().await?;
        add(&mut tx, from, -amount).await?;
        add(&mut tx, to, amount).await?;
        let left = balance(&mut *tx, from).await?;
        println!("  within: account {from} has {left}");
        // Others, past the scope and on another connection, see what is committed.
        println!("  others: account {from} has {}", transaction::outside(balance(db, from)).await?);
        if left < 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        transaction::commit(tx.commit()).await?;
        Ok(true)
    })
    .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cache = cache("transactions").await?;
    cache_runtime::set_global(cache.clone())?;
    let folder = tempfile::tempdir()?;
    let options = SqliteConnectOptions::new().filename(folder.path().join("bank.db"));
    // Readers do not wait for a transaction that writes.
    let options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
    let db = SqlitePool::connect_with(options).await?;
    sqlx::query("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)")
        .execute(&db)
        .await?;
    sqlx::query("INSERT INTO accounts VALUES (1, 100), (2, 0)").execute(&db).await?;

    for amount in [70, 50] {
        println!("account 1 has {}", balance(&db, 1).await?);
        println!("moving {amount}");
        match transfer(&db, 1, 2, amount).await? {
            true => println!("committed"),
            false => println!("rolled back"),
        }
        println!(
            "account 1 has {}, account 2 has {}",
            balance(&db, 1).await?,
            balance(&db, 2).await?
        );
    }
    db.close().await;
    println!("{}", cache.stats());
    Ok(())
}
