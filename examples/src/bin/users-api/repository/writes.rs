//! Creating, changing and deleting a user.

use cache_runtime::{invalidates, outbox::Change};

use super::{TenantTag, UserKey, Users, seen::SeenKey};
use crate::{
    error::{Error, Result},
    model::{Draft, Tenant, User},
    outbox::record,
};

impl Users {
    /// Inserts a user. Nobody can have cached a user that did not exist, but that it did not: its key is emptied once
    /// the insert has told the id.
    #[invalidates("user:<tenant>:<return.id>", tags(TenantTag { tenant }), name = "users.create")]
    pub(crate) async fn create(&self, tenant: &Tenant, draft: &Draft) -> Result<User> {
        let insert = sqlx::query_as(
            "INSERT INTO users (tenant, email, name) VALUES ($1, $2, $3) \
             RETURNING id, tenant, email, name, version",
        );
        let insert = insert.bind(tenant.as_str()).bind(&draft.email).bind(&draft.name);
        insert.fetch_one(&self.db).await.map_err(|error| taken(error, draft))
    }

    /// Changes a user. `None` where there is no such user.
    ///
    /// `#[write_through]` would leave the new value in the cache, but not for long: the trigger of the outbox records this
    /// change as well, and the follower empties the key some milliseconds later.
    #[invalidates(UserKey { tenant, id }, tags(TenantTag { tenant }), name = "users.update")]
    pub(crate) async fn update(
        &self,
        tenant: &Tenant,
        id: i64,
        draft: &Draft,
    ) -> Result<Option<User>> {
        let update = sqlx::query_as(
            "UPDATE users SET email = $1, name = $2, version = version + 1 \
             WHERE tenant = $3 AND id = $4 AND version = COALESCE($5, version) \
             RETURNING id, tenant, email, name, version",
        );
        let update = update.bind(&draft.email).bind(&draft.name);
        let update = update.bind(tenant.as_str()).bind(id).bind(draft.version);
        let updated: Option<User> =
            update.fetch_optional(&self.db).await.map_err(|error| taken(error, draft))?;
        match (updated, draft.version) {
            // Either the user is gone, or somebody was faster; past the cache, for this is about the row.
            (None, Some(seen)) => match self.select(tenant, id).await? {
                Some(user) => Err(Error::Conflict(format!(
                    "user {id} is at version {}, not {seen}: read it again",
                    user.version
                ))),
                None => Ok(None),
            },
            (updated, _) => Ok(updated),
        }
    }

    /// Deletes a user, and tells whether there was one. The transaction begins and ends in here: the keys are emptied
    /// when the function returns, and it has to be committed by then.
    #[invalidates(
        UserKey { tenant, id },
        SeenKey { user: id },
        tags(TenantTag { tenant }),
        name = "users.delete"
    )]
    pub(crate) async fn delete(&self, tenant: &Tenant, id: i64) -> Result<bool> {
        let mut transaction = self.db.begin().await?;
        let deleted = sqlx::query("DELETE FROM users WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if deleted > 0 {
            let forget = sqlx::query("DELETE FROM last_seen WHERE user_id = $1").bind(id);
            forget.execute(&mut *transaction).await?;
            // The triggers record changes of users, and this is none.
            record(&mut transaction, Change::of(&SeenKey { user: id })).await?;
        }
        transaction.commit().await?;
        Ok(deleted > 0)
    }
}

/// The one constraint that clients can violate has an answer of its own.
fn taken(error: sqlx::Error, draft: &Draft) -> Error {
    match error.as_database_error() {
        Some(refused) if refused.is_unique_violation() => Error::Conflict(format!(
            "{} is the address of another user of this tenant",
            draft.email
        )),
        _ => error.into(),
    }
}
