//! The database: SQLite or PostgreSQL, whichever the URL names, migrated to the newest schema.
//!
//! The SQL of this service is what both understand (`$1`, `RETURNING`, `ON CONFLICT`), so one repository over sqlx's
//! `Any` driver does. Only the schemas differ, in how ids are generated.

use std::time::Duration;

use sqlx::{
    AnyConnection, AnyPool, Executor, SqlSafeStr,
    any::AnyPoolOptions,
    migrate::{Migration, MigrationType, Migrator},
};

const CONNECTIONS: u32 = 8;

/// How long a request waits for a free connection before it fails.
const ACQUIRE: Duration = Duration::from_secs(10);

/// Connects, and brings the schema up to date. Several processes may do so at once.
pub(crate) async fn connect(url: &str) -> sqlx::Result<AnyPool> {
    sqlx::any::install_default_drivers();
    let db = AnyPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .after_connect(|connection, _| Box::pin(prepare(connection)))
        .connect(url)
        .await?;
    let [users, outbox] = match db.acquire().await?.backend_name() {
        "SQLite" => [
            include_str!("migrations/sqlite/1_users.sql"),
            include_str!("migrations/sqlite/2_outbox.sql"),
        ],
        _ => [
            include_str!("migrations/postgres/1_users.sql"),
            include_str!("migrations/postgres/2_outbox.sql"),
        ],
    };
    // `sqlx::migrate!` reads a folder when the program is compiled; for two files this is lighter to build.
    let migration = |number, name: &'static str, sql: &'static str| {
        Migration::new(number, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    let all = vec![migration(1, "users", users), migration(2, "outbox", outbox)];
    Migrator::with_migrations(all).run(&db).await?;
    Ok(db)
}

/// SQLite wants to be told that readers and a writer work side by side, and how long a second writer waits.
async fn prepare(connection: &mut AnyConnection) -> sqlx::Result<()> {
    if connection.backend_name() == "SQLite" {
        connection
            .execute(
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
            )
            .await?;
    }
    Ok(())
}
