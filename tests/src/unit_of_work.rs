//! A service whose repositories work on a connection or on a transaction, and whose units of work commit several of them
//! together; with a judge of what is read through the cache meanwhile.

mod judge;

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    time::Duration,
};

use cache_runtime::{Cache, cached, invalidates, transaction};
use fastrand::Rng;
use sqlx::{
    ConnectOptions, FromRow, Row as _, Sqlite, SqliteConnection, SqlitePool,
    sqlite::{
        SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
    },
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

pub use self::judge::{Counts, Judge};

/// How many accounts there are.
pub const ACCOUNTS: usize = 64;

/// An account as it was written once. Whoever writes it gives it the next version, and a mark of its own: versions come again
/// where a transaction is rolled back, and marks do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Which account.
    pub id: i64,
    /// How many writes it has seen.
    pub version: i64,
    /// Who has written it.
    pub mark: i64,
}

impl FromRow<'_, SqliteRow> for Account {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Account> {
        let [id, version, mark] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
        Ok(Account { id, version, mark })
    }
}

/// The accounts on a connection, or in a transaction: it does not know which.
#[derive(Debug)]
pub struct Accounts<C> {
    cache: Cache,
    conn: Mutex<C>,
}

impl<C: DerefMut<Target = SqliteConnection> + Send> Accounts<C> {
    #[cached(key = "account:<id>", ttl = 3600, lock, tags = ["bank"], cache = self.cache, transaction)]
    async fn find(&self, id: i64) -> sqlx::Result<Account> {
        let find = sqlx::query_as("SELECT id, version, mark FROM accounts WHERE id = $1");
        find.bind(id).fetch_one(&mut **self.conn.lock().await).await
    }

    #[cached(key = "accounts", ttl = 3600, tags = ["bank"], cache = self.cache, transaction)]
    async fn all(&self) -> sqlx::Result<Vec<Account>> {
        let all = sqlx::query_as("SELECT id, version, mark FROM accounts ORDER BY id");
        all.fetch_all(&mut **self.conn.lock().await).await
    }

    #[invalidates("account:<id>", "accounts", cache = self.cache, transaction)]
    async fn write(&self, id: i64, mark: i64) -> sqlx::Result<Account> {
        let write = sqlx::query_as(
            "UPDATE accounts SET version = version + 1, mark = $2 WHERE id = $1 RETURNING id, version, mark",
        );
        write.bind(id).bind(mark).fetch_one(&mut **self.conn.lock().await).await
    }
}

/// A transaction, under a name that says nothing to the cache.
struct Unit(sqlx::Transaction<'static, Sqlite>);

impl Deref for Unit {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Unit {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}

/// How a unit of work ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// It is committed.
    Commits,
    /// It is rolled back.
    RollsBack,
    /// A time limit ends it, wherever it is by then: it may be committing.
    TimesOut,
    /// It is dropped before it commits.
    IsDropped,
}

impl Ending {
    /// Some ending, as they come in a service: most of them are known.
    pub fn draw(rng: &mut Rng) -> Ending {
        match rng.u8(..40) {
            0 => Ending::TimesOut,
            1 => Ending::IsDropped,
            2..10 => Ending::RollsBack,
            _ => Ending::Commits,
        }
    }

    /// One that is known.
    pub fn draw_known(rng: &mut Rng) -> Ending {
        if rng.bool() { Ending::Commits } else { Ending::RollsBack }
    }
}

/// The service.
#[derive(Clone, Debug)]
pub struct Service {
    cache: Cache,
    db: SqlitePool,
    judge: Arc<Judge>,
    /// Whether units of work are run in the scope of a transaction.
    scoped: bool,
}

impl Service {
    /// A service over a database of its own, in `folder`.
    ///
    /// # Panics
    ///
    /// Where the database cannot be made.
    pub async fn create(cache: Cache, folder: &std::path::Path, scoped: bool) -> Service {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("accounts.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Off)
            .busy_timeout(Duration::from_secs(30))
            .disable_statement_logging();
        let db = SqlitePoolOptions::new().max_connections(16).connect_with(options).await;
        let db = db.expect("the folder is writable");
        let schema = "CREATE TABLE accounts (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, mark INTEGER NOT NULL)";
        sqlx::query(schema).execute(&db).await.expect("the schema is right");
        for id in 0..ACCOUNTS {
            let insert = sqlx::query("INSERT INTO accounts VALUES ($1, 0, 0)");
            insert.bind(id as i64).execute(&db).await.expect("there is room");
        }
        Service { cache, db, judge: Arc::default(), scoped }
    }

    /// The same service in another process, as far as the cache can tell.
    pub fn beside(&self, cache: Cache) -> Service {
        Service { cache, ..self.clone() }
    }

    /// What the judge has seen.
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// How many reads were answered by the cache.
    pub fn hits(&self) -> u64 {
        self.cache.stats().total().hits
    }

    /// How many operations have failed on the cache's store.
    pub fn failures(&self) -> u64 {
        let store = self.cache.stats().store;
        store.failures + store.rejected
    }

    fn accounts<C>(&self, conn: C) -> Accounts<C> {
        Accounts { cache: self.cache.clone(), conn: Mutex::new(conn) }
    }

    /// Reads an account, and all of them, as a request would. `knows_all` says whether this process has made all writes itself:
    /// then it must not miss one that the store was not told.
    pub async fn read(&self, rng: &mut Rng, knows_all: bool) -> sqlx::Result<()> {
        let accounts = self.accounts(self.db.acquire().await?);
        let id = rng.usize(..ACCOUNTS);
        let floors = self.judge.floors(knows_all);
        match rng.bool() {
            true => self.judge.read(&floors, accounts.find(id as i64).await?),
            false => {
                for account in accounts.all().await? {
                    self.judge.read(&floors, account);
                }
            }
        }
        Ok(())
    }

    /// One unit of work: it writes two accounts and ends in some way.
    pub async fn work(&self, rng: &mut Rng, ending: Ending) {
        let first = rng.usize(..ACCOUNTS);
        let ids = [first, (first + 1) % ACCOUNTS].map(|id| id as i64);
        let (mark, pause) = (rng.i64(1..), Duration::from_micros(rng.u64(..3_000)));
        let store = self.cache.stats().store;
        let begun = self.judge.begins(mark);
        let work = self.unit(ids, mark, pause, ending);
        let limit = match ending {
            Ending::TimesOut => Duration::from_micros(rng.u64(..8_000)),
            Ending::IsDropped => Duration::from_millis(20),
            Ending::Commits | Ending::RollsBack => Duration::from_secs(60),
        };
        let ended = match self.scoped {
            true => timeout(limit, transaction(work)).await,
            false => timeout(limit, work).await,
        };
        match ended {
            Ok(Ok(Some(written))) => {
                // Others of the process count there too: a write may be thought not to have reached the store though it did.
                let now = self.cache.stats().store;
                let reached = now.failures == store.failures
                    && now.rejected == store.rejected
                    && now.pending_invalidations == 0;
                begun.committed(&written, reached);
            }
            Ok(Ok(None)) => begun.rolled_back(),
            // Nobody knows whether it was committed.
            Ok(Err(_)) | Err(_) => begun.unknown(ending == Ending::IsDropped),
        }
    }

    /// What it has written, or nothing where it was rolled back.
    async fn unit(
        &self,
        ids: [i64; 2],
        mark: i64,
        pause: Duration,
        ending: Ending,
    ) -> sqlx::Result<Option<Vec<Account>>> {
        let accounts = self.accounts(Unit(self.db.begin_with("BEGIN IMMEDIATE").await?));
        let mut written = Vec::new();
        for id in ids {
            accounts.find(id).await?;
            let account = accounts.write(id, mark).await?;
            // Within, it sees what it has written itself.
            self.judge.saw_itself(self.scoped, accounts.find(id).await? == account);
            written.push(account);
        }
        // Whatever else a request has to do.
        sleep(pause).await;
        let Unit(tx) = accounts.conn.into_inner();
        match ending {
            Ending::Commits | Ending::TimesOut => tx.commit().await.map(|()| Some(written)),
            Ending::RollsBack => tx.rollback().await.map(|()| None),
            Ending::IsDropped => {
                let _held = tx;
                std::future::pending().await
            }
        }
    }
}
