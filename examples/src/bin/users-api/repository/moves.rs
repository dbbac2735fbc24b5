//! Moving a user to another tenant: a transaction of two functions, whose keys are settled after its commit.

use cache_runtime::{invalidates, transaction};
use sqlx::AnyConnection;

use super::{TenantTag, UserKey, Users};
use crate::{
    error::{Error, Result},
    model::{Tenant, User},
};

impl Users {
    /// Moves a user, and notes that it has moved. `None` where there is no such user.
    pub(crate) async fn move_to(
        &self,
        from: &Tenant,
        id: i64,
        to: &Tenant,
    ) -> Result<Option<User>> {
        transaction(async {
            let mut tx = self.db.begin().await?;
            let moved = move_row(&mut tx, from, id, to).await?;
            if moved.is_some() {
                note_move(&mut tx, from, id, to).await?;
            }
            // A commit whose answer is lost may yet be executed.
            transaction::commit(tx.commit()).await?;
            Ok(moved)
        })
        .await
    }
}

/// The new key as well: that there is no such user may be remembered there.
#[invalidates(
    UserKey { tenant: from, id },
    UserKey { tenant: to, id },
    tags(TenantTag { tenant: from }, TenantTag { tenant: to }),
    transaction,
    name = "users.move"
)]
async fn move_row(
    tx: &mut AnyConnection,
    from: &Tenant,
    id: i64,
    to: &Tenant,
) -> Result<Option<User>> {
    let update = sqlx::query_as(
        "UPDATE users SET tenant = $1, version = version + 1 WHERE tenant = $2 AND id = $3 \
         RETURNING id, tenant, email, name, version",
    );
    let update = update.bind(to.as_str()).bind(from.as_str()).bind(id);
    update.fetch_optional(tx).await.map_err(|error| taken(error, to))
}

/// Nothing of this is cached.
async fn note_move(tx: &mut AnyConnection, from: &Tenant, id: i64, to: &Tenant) -> Result<()> {
    sqlx::query("INSERT INTO moves (user_id, from_tenant, to_tenant) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(from.as_str())
        .bind(to.as_str())
        .execute(tx)
        .await?;
    Ok(())
}

fn taken(error: sqlx::Error, to: &Tenant) -> Error {
    match error.as_database_error() {
        Some(refused) if refused.is_unique_violation() => {
            Error::Conflict(format!("{to} has a user with this address already"))
        }
        _ => error.into(),
    }
}
