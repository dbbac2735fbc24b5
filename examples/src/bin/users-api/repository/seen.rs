//! When users were last seen: written with every visit, so written behind. Readers have it at once, and the database
//! in batches.

use cache_runtime::{CacheKey, Error as CacheError, cached, invalidates, write_behind};
use sqlx::AssertSqlSafe;

use super::{Users, placeholders};
use crate::{
    error::{Error, Result},
    model::LastSeen,
};

/// When a user was last seen. There is no tenant in it: ids are unique.
#[derive(CacheKey)]
#[cache_key("seen:<user>", value = LastSeen)]
pub(super) struct SeenKey {
    pub(super) user: i64,
}

impl Users {
    /// Notes that a user was seen.
    ///
    /// The queue is in the cache's store, so it can be away. Then the row is written at once: that is safe here,
    /// because the statement only ever moves it forward, in whatever order writes arrive.
    pub(crate) async fn saw(&self, seen: &LastSeen) -> Result<()> {
        match self.queue_seen(seen).await {
            Ok(()) => Ok(()),
            Err(CacheError::Full(_)) => {
                Err(Error::Busy("more visits than the database can take; try again".into()))
            }
            Err(_) => self.save_seen_now(seen).await,
        }
    }

    /// When a user was last seen; possibly later than the database knows.
    #[cached(key = SeenKey { user }, ttl = 3600, name = "seen.find")]
    pub(crate) async fn last_seen(&self, user: i64) -> Result<Option<LastSeen>> {
        let query = sqlx::query_as("SELECT at_ms FROM last_seen WHERE user_id = $1").bind(user);
        let row: Option<(i64,)> = query.fetch_optional(&self.db).await?;
        Ok(row.map(|(at_ms,)| LastSeen { user, at_ms }))
    }

    /// Writes many at once. The attribute makes `queue_seen`, which accepts one of them, and `queue_seen_flusher`,
    /// which calls this with those that were accepted, the last one of each user.
    #[write_behind(
        queue = "last-seen",
        key = SeenKey { user: seen.user },
        ttl = 3600,
        enqueue = queue_seen(seen),
        batch = 500,
        linger = "50ms",
        name = "seen.save"
    )]
    pub(crate) async fn save_seen(&self, all: Vec<LastSeen>) -> Result<()> {
        let rows: Vec<_> =
            (0..all.len()).map(|row| format!("({})", placeholders(2 * row + 1, 2))).collect();
        let sql = format!(
            "INSERT INTO last_seen (user_id, at_ms) VALUES {} ON CONFLICT (user_id) \
             DO UPDATE SET at_ms = excluded.at_ms WHERE last_seen.at_ms < excluded.at_ms",
            rows.join(", ")
        );
        // Not persistent: there is another statement for each number of rows.
        let mut upsert = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        for seen in all {
            upsert = upsert.bind(seen.user).bind(seen.at_ms);
        }
        upsert.execute(&self.db).await?;
        Ok(())
    }

    #[invalidates(SeenKey { user: seen.user }, name = "seen.save_now")]
    async fn save_seen_now(&self, seen: &LastSeen) -> Result<()> {
        self.save_seen(vec![*seen]).await
    }
}
