//! What the clients know of the rows: which version of each has been acknowledged.

use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::service::Service;

const TENANTS: usize = 4;
const USERS_OF_EACH: usize = 50;

/// A row that is changed and read for as long as the run lasts.
pub(super) struct Row {
    pub(super) tenant: String,
    pub(super) id: i64,
    pub(super) email: String,
    /// The newest version that a writer has been told of.
    acknowledged: AtomicI64,
}

impl Row {
    pub(super) fn path(&self) -> String {
        format!("/tenants/{}/users/{}", self.tenant, self.id)
    }

    /// No read that begins after this may find an older version.
    pub(super) fn acknowledged(&self) -> i64 {
        self.acknowledged.load(Ordering::SeqCst)
    }

    pub(super) fn acknowledge(&self, version: i64) {
        self.acknowledged.fetch_max(version, Ordering::SeqCst);
    }
}

pub(super) struct Ledger {
    rows: Vec<Row>,
}

impl Ledger {
    /// Creates the rows; those of a tenant have ids that follow each other.
    pub(super) async fn create(service: &Service) -> Ledger {
        let mut rows = Vec::new();
        for tenant in 0..TENANTS {
            let tenant = format!("tenant-{tenant}");
            for user in 0..USERS_OF_EACH {
                let email = format!("user-{user}@example.com");
                let body = json!({ "email": email, "name": "somebody" });
                let created = service.post(&format!("/tenants/{tenant}/users"), body).await;
                let id = created.1["id"].as_i64().expect("an id");
                rows.push(Row { tenant: tenant.clone(), id, email, acknowledged: 1.into() });
            }
        }
        Ledger { rows }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn row(&self, at: usize) -> &Row {
        &self.rows[at]
    }

    /// Rows of one tenant, all of them.
    pub(super) fn tenant_of(&self, at: usize) -> &[Row] {
        let first = at - at % USERS_OF_EACH;
        &self.rows[first..first + USERS_OF_EACH]
    }
}

/// Which of `rows` have an older version in `users` than they may, or are not there.
pub(super) fn stale(rows: &[&Row], floors: &[i64], users: &Value) -> Vec<String> {
    let version = |row: &Row| {
        let user = users.as_array()?.iter().find(|user| user["id"] == row.id)?;
        user["version"].as_i64()
    };
    let of_row = |(row, floor): (&&Row, &i64)| match version(row) {
        Some(version) if version >= *floor => None,
        found => Some(format!("{}: {found:?} after {floor} was acknowledged", row.path())),
    };
    rows.iter().zip(floors).filter_map(of_row).collect()
}
