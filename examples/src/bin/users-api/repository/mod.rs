//! Users in the database, and what is cached of them. Reads are here; each kind of write has a file of its own.
//!
//! The rule that keeps all of it right: whatever a writer changes, its attribute names. A user is under its own key;
//! pages of a tenant carry the tenant's tag, since nobody knows which pages a user is on.

mod moves;
mod seen;
mod statistics;
mod writes;

use std::collections::HashMap;

use cache_runtime::{CacheKey, Policy, cached};
use sqlx::{AnyPool, AssertSqlSafe};

use crate::{
    error::{Error, Result},
    model::{Page, Tenant, User},
};

/// How users are cached, by every function that reads or leaves one.
const USERS: Policy = Policy::ttl(3600)
    // What was loaded together does not expire together.
    .jitter(0.1)
    // A user that everybody asks for is loaded once, however many processes there are.
    .lock()
    // Who asks for ids that do not exist is answered by the cache too.
    .negative_ttl(60)
    // While the database is away, users are as they were last known, for a day. A write still ends them at once.
    .stale_if_error(24 * 3600);

/// What a user is cached under. The tenant is part of it, so that none can be handed another's user.
#[derive(CacheKey)]
#[cache_key("user:<tenant>:<id>", value = User)]
struct UserKey<'a> {
    tenant: &'a Tenant,
    id: i64,
}

/// What everything carries that a change of any user of the tenant makes stale.
#[derive(CacheKey)]
#[cache_key("tenant:<tenant>")]
struct TenantTag<'a> {
    tenant: &'a Tenant,
}

/// The repository. Cloning is cheap, and loads that go on in the background keep a clone.
#[derive(Clone)]
pub(crate) struct Users {
    db: AnyPool,
}

impl Users {
    pub(crate) fn new(db: AnyPool) -> Self {
        Users { db }
    }

    /// One user. That there is none is an error, and remembered. One hit in a thousand is compared with the database, to see
    /// that the promise holds in production: `stale_detected` in the statistics stays zero.
    #[cached(
        key = UserKey { tenant, id },
        policy = USERS,
        negative = Error::is_not_found,
        negative_error = Error::user_not_found(id),
        audit = 0.001,
        name = "users.find"
    )]
    pub(crate) async fn find(&self, tenant: &Tenant, id: i64) -> Result<User> {
        self.select(tenant, id).await?.ok_or(Error::user_not_found(id))
    }

    /// Several users: the same entries as of `find`, for one look at the cache and one query for what is missing.
    #[cached(key = "user:<tenant>:<ids>", each = ids, policy = USERS, name = "users.find_many")]
    pub(crate) async fn find_many(
        &self,
        tenant: &Tenant,
        ids: &[i64],
    ) -> Result<HashMap<i64, User>> {
        let sql = format!(
            "SELECT id, tenant, email, name, version FROM users WHERE tenant = $1 AND id IN ({})",
            placeholders(2, ids.len())
        );
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(tenant.as_str()).persistent(false);
        for id in ids {
            query = query.bind(*id);
        }
        let users: Vec<User> = query.fetch_all(&self.db).await?;
        Ok(users.into_iter().map(|user| (user.id, user)).collect())
    }

    /// Users of a tenant with ids above `after`, `limit` at most. Any change in the tenant ends all of its pages.
    #[cached(
        key = "page:<tenant>:<after>:<limit>",
        ttl = "10m",
        tags = [TenantTag { tenant }],
        // The fields' names come again with every user.
        compress = lz4,
        name = "users.list"
    )]
    pub(crate) async fn list(&self, tenant: &Tenant, after: i64, limit: i64) -> Result<Page> {
        let query = sqlx::query_as(
            "SELECT id, tenant, email, name, version FROM users \
             WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
        );
        // One more than asked for tells whether there is a next page.
        let query = query.bind(tenant.as_str()).bind(after).bind(limit + 1);
        let mut users: Vec<User> = query.fetch_all(&self.db).await?;
        let more = users.len() as i64 > limit;
        users.truncate(limit as usize);
        let next = users.last().filter(|_| more).map(|user| user.id);
        Ok(Page { users, next })
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        sqlx::query("SELECT 1").execute(&self.db).await?;
        Ok(())
    }

    /// One user as the database has it, past the cache.
    async fn select(&self, tenant: &Tenant, id: i64) -> Result<Option<User>> {
        let query = sqlx::query_as(
            "SELECT id, tenant, email, name, version FROM users WHERE tenant = $1 AND id = $2",
        );
        Ok(query.bind(tenant.as_str()).bind(id).fetch_optional(&self.db).await?)
    }
}

/// `$first, $second, …`: sqlx's `QueryBuilder` would write `?`, which PostgreSQL does not know.
fn placeholders(first: usize, count: usize) -> String {
    let numbered: Vec<_> = (first..first + count).map(|n| format!("${n}")).collect();
    numbered.join(", ")
}
