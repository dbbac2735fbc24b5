//! The repository: the only file of this program that an application would have too.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cache_runtime::{Cache, Queued, cached, write_behind};
use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqlitePool};

/// A row of the table `players`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Player {
    pub(crate) id: u64,
    pub(crate) score: u64,
}

/// Players in a database, whose scores change all the time. The flusher keeps a clone.
#[derive(Clone)]
pub(crate) struct Players {
    db: SqlitePool,
    cache: Cache,
    statements: Arc<AtomicU64>,
}

impl Players {
    pub(crate) fn new(db: SqlitePool, cache: Cache) -> Self {
        Players { db, cache, statements: Arc::default() }
    }

    /// The player of this id, if there is one; with a score that the database may not have yet.
    #[cached(key = "player:<id>", ttl = 3600, lock, cache = self.cache)]
    pub(crate) async fn find(&self, id: u64) -> sqlx::Result<Option<Player>> {
        self.in_database(id).await
    }

    /// Writes players, many at once.
    ///
    /// The attribute makes `save(&self, player: &Player)` beside it, which accepts one of them, and
    /// `save_flusher(&self)`, which calls this with those that were accepted. The places in the queue keep what
    /// comes too late from being written over what is newer.
    #[write_behind(
        queue = "players",
        key = "player:<player.id>",
        ttl = 3600,
        enqueue = save(player),
        batch = 500,
        linger = "20ms",
        capacity = 100_000,
        cache = self.cache
    )]
    pub(crate) async fn save_all(&self, players: Vec<Queued<Player>>) -> sqlx::Result<()> {
        self.statements.fetch_add(1, Ordering::Relaxed);
        let mut upsert: QueryBuilder<Sqlite> =
            QueryBuilder::new("INSERT INTO players (id, score, seq) ");
        upsert.push_values(players, |mut row, player| {
            row.push_bind(player.id.cast_signed());
            row.push_bind(player.score.cast_signed());
            row.push_bind(player.seq);
        });
        upsert.push(
            " ON CONFLICT (id) DO UPDATE SET score = excluded.score, seq = excluded.seq \
             WHERE players.seq < excluded.seq",
        );
        upsert.build().execute(&self.db).await.map(drop)
    }

    /// What the database has of a player, past the cache.
    pub(crate) async fn in_database(&self, id: u64) -> sqlx::Result<Option<Player>> {
        let select = sqlx::query("SELECT score FROM players WHERE id = ?").bind(id.cast_signed());
        let row = select.fetch_optional(&self.db).await?;
        Ok(row.map(|row| Player { id, score: row.get::<i64, _>(0).cast_unsigned() }))
    }

    /// How many statements have written players.
    pub(crate) fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }
}
