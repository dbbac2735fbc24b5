//! Rows in a SQLite file, which several processes write to in batches, with the history of each row.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use cache_runtime::Queued;
use sqlx::{
    ConnectOptions, QueryBuilder, Row as _, Sqlite,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
    },
};

use crate::table::Row;

/// The file. Whoever has created it removes it when dropped.
#[derive(Debug)]
pub struct Rows {
    pool: SqlitePool,
    folder: Option<PathBuf>,
}

/// A row that was written once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// What it was.
    pub row: Row,
    /// Its place in the queue.
    pub seq: i64,
    /// Which statement wrote it.
    pub batch: i64,
}

/// Triggers keep the history, so that what is under test is one statement for each batch.
const SCHEMA: &str = "
    CREATE TABLE rows (
        id      INTEGER PRIMARY KEY,
        version INTEGER NOT NULL,
        seq     INTEGER NOT NULL,
        batch   INTEGER NOT NULL
    );
    CREATE TABLE history (
        n       INTEGER PRIMARY KEY AUTOINCREMENT,
        id      INTEGER NOT NULL,
        version INTEGER NOT NULL,
        seq     INTEGER NOT NULL,
        batch   INTEGER NOT NULL
    );
    CREATE TRIGGER inserted AFTER INSERT ON rows BEGIN
        INSERT INTO history (id, version, seq, batch) VALUES (new.id, new.version, new.seq, new.batch);
    END;
    CREATE TRIGGER updated AFTER UPDATE ON rows BEGIN
        INSERT INTO history (id, version, seq, batch) VALUES (new.id, new.version, new.seq, new.batch);
    END;";

impl Rows {
    /// Creates a file in a folder of its own.
    ///
    /// # Panics
    ///
    /// Where there is no room for it.
    pub async fn create() -> Rows {
        let name = format!("cache-tests-rows-{}-{:x}", std::process::id(), fastrand::u64(..));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let pool = connect(&folder.join("rows.db")).await.expect("the file can be made");
        sqlx::raw_sql(SCHEMA).execute(&pool).await.expect("the schema is right");
        Rows { pool, folder: Some(folder) }
    }

    /// Where it is, for another process.
    pub fn path(&self) -> String {
        let folder = self.folder.as_ref().expect("only its creator tells others");
        folder.join("rows.db").to_string_lossy().into_owned()
    }

    /// Opens what another process has created.
    pub async fn open(path: &str) -> sqlx::Result<Rows> {
        Ok(Rows { pool: connect(Path::new(path)).await?, folder: None })
    }

    /// Writes a batch, in one statement. Nothing in it looks at places: the order is to be the queue's own.
    pub async fn upsert(&self, rows: &[Queued<Row>]) -> sqlx::Result<()> {
        let batch = i64::from(fastrand::i32(1..)) << 20 | i64::from(std::process::id() & 0xF_FFFF);
        let mut upsert: QueryBuilder<Sqlite> =
            QueryBuilder::new("INSERT INTO rows (id, version, seq, batch) ");
        upsert.push_values(rows, |mut values, row| {
            values.push_bind(row.id.cast_signed()).push_bind(row.version.cast_signed());
            values.push_bind(row.seq).push_bind(batch);
        });
        upsert.push(
            " ON CONFLICT (id) DO UPDATE SET version = excluded.version, seq = excluded.seq, \
             batch = excluded.batch",
        );
        upsert.build().execute(&self.pool).await.map(drop)
    }

    /// Every row that was written, in the order in which that was committed.
    pub async fn history(&self) -> Vec<Written> {
        let history = sqlx::query("SELECT id, version, seq, batch FROM history ORDER BY n");
        let history = history.fetch_all(&self.pool).await.expect("the history can be read");
        let written = history.iter().map(|row| {
            let column = |at: usize| row.get::<i64, _>(at);
            let (id, version) = (column(0).cast_unsigned(), column(1).cast_unsigned());
            Written { row: Row { id, version }, seq: column(2), batch: column(3) }
        });
        written.collect()
    }

    /// The version that each row has.
    pub async fn versions(&self) -> BTreeMap<u64, u64> {
        let rows = sqlx::query("SELECT id, version FROM rows").fetch_all(&self.pool).await;
        let column =
            |row: &sqlx::sqlite::SqliteRow, at: usize| row.get::<i64, _>(at).cast_unsigned();
        let rows = rows.expect("the rows can be read");
        rows.iter().map(|row| (column(row, 0), column(row, 1))).collect()
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // A folder that is left behind does no harm.
            _ = fs::remove_dir_all(folder);
        }
    }
}

async fn connect(file: &Path) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Processes are killed, the machine is not.
        .synchronous(SqliteSynchronous::Off)
        .busy_timeout(Duration::from_secs(30))
        .disable_statement_logging();
    SqlitePoolOptions::new().max_connections(2).connect_with(options).await
}
