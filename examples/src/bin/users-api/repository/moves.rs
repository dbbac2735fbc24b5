//! Moving a user to another tenant: a transaction of several rows, fenced by hand.

use super::{TenantTag, UserKey, Users};
use crate::{
    error::{Error, Result},
    model::{Tenant, User},
};

impl Users {
    /// Moves a user, and notes that it has moved. `None` where there is no such user.
    ///
    /// An attribute would do here as well. This is the form for code where it cannot stand, such as one that decides
    /// within the transaction what it changes: fence, commit, settle.
    pub(crate) async fn move_to(
        &self,
        from: &Tenant,
        id: i64,
        to: &Tenant,
    ) -> Result<Option<User>> {
        // The new key as well: that there is no such user may be remembered there.
        let keys = [UserKey { tenant: from, id }, UserKey { tenant: to, id }];
        let tags = [TenantTag { tenant: from }, TenantTag { tenant: to }];
        let (keys, tags) = tokio::join!(self.cache.fence(keys), self.cache.fence_tags(tags));
        let moved = self.move_row(from, id, to).await;
        // Settled whatever came of it, for an error may hide a commit. What does not reach the store now is told
        // again in the background.
        tokio::join!(keys.settle(), tags.settle());
        moved
    }

    async fn move_row(&self, from: &Tenant, id: i64, to: &Tenant) -> Result<Option<User>> {
        let mut transaction = self.db.begin().await?;
        let update = sqlx::query_as(
            "UPDATE users SET tenant = $1, version = version + 1 WHERE tenant = $2 AND id = $3 \
             RETURNING id, tenant, email, name, version",
        );
        let update = update.bind(to.as_str()).bind(from.as_str()).bind(id);
        let moved: Option<User> =
            update.fetch_optional(&mut *transaction).await.map_err(|error| taken(error, to))?;
        if moved.is_some() {
            sqlx::query("INSERT INTO moves (user_id, from_tenant, to_tenant) VALUES ($1, $2, $3)")
                .bind(id)
                .bind(from.as_str())
                .bind(to.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(moved)
    }
}

fn taken(error: sqlx::Error, to: &Tenant) -> Error {
    match error.as_database_error() {
        Some(refused) if refused.is_unique_violation() => {
            Error::Conflict(format!("{to} has a user with this address already"))
        }
        _ => error.into(),
    }
}
