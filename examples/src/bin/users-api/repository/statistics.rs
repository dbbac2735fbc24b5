//! Figures of a tenant: dear to compute, and no worse for being some seconds old.

use cache_runtime::cached;

use super::Users;
use crate::{
    error::Result,
    model::{Statistics, Tenant, now_ms},
};

const HOUR_MS: i64 = 3600 * 1000;

impl Users {
    /// Nobody waits for these but the very first caller: after ten seconds they are computed anew in the background,
    /// by one process, and until then served as they are. They carry no tag, or every write would end them.
    #[cached(
        key = "statistics:<tenant>",
        ttl = "10s",
        stale_while_revalidate = "1m",
        stale_if_error = "1h",
        name = "users.statistics"
    )]
    pub(crate) async fn statistics(&self, tenant: &Tenant) -> Result<Statistics> {
        let as_of_ms = now_ms();
        let query = sqlx::query_as(
            "SELECT count(*), count(last_seen.user_id) FROM users \
             LEFT JOIN last_seen ON last_seen.user_id = users.id AND last_seen.at_ms > $1 \
             WHERE users.tenant = $2",
        );
        let query = query.bind(as_of_ms - HOUR_MS).bind(tenant.as_str());
        let (users, seen_in_last_hour) = query.fetch_one(&self.db).await?;
        Ok(Statistics { users, seen_in_last_hour, as_of_ms })
    }
}
