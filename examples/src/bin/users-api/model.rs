//! What the service is about: users, each of whom has a tenant.

use std::{fmt, time::SystemTime};

use cache_runtime::{CacheValue, KeyPart};
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, Row, any::AnyRow};

/// Whose users they are: a short name such as `acme`. It can only be made of one that is valid, so that whatever
/// has a `Tenant` need not check again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, CacheValue, KeyPart)]
#[serde(try_from = "String")]
pub(crate) struct Tenant(String);

impl Tenant {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Tenant {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=32).contains(&name.len()) && name.chars().all(allowed) {
            Ok(Tenant(name))
        } else {
            Err("a tenant is 1 to 32 of a-z, 0-9 and -")
        }
    }
}

/// A row of the table, which is also what is cached and what clients get. With its fingerprint (`CacheValue`), a
/// release that adds a field and one that does not know it can run side by side on one cache.
#[derive(Clone, Debug, Serialize, Deserialize, CacheValue)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) tenant: Tenant,
    pub(crate) email: String,
    pub(crate) name: String,
    /// Grows by one with every change, so that a client can say which one it has seen.
    pub(crate) version: i64,
}

impl FromRow<'_, AnyRow> for User {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        Ok(User {
            id: row.try_get("id")?,
            tenant: Tenant(row.try_get("tenant")?),
            email: row.try_get("email")?,
            name: row.try_get("name")?,
            version: row.try_get("version")?,
        })
    }
}

/// Some users of a tenant, by id, and where the next page begins.
#[derive(Clone, Debug, Serialize, Deserialize, CacheValue)]
pub(crate) struct Page {
    pub(crate) users: Vec<User>,
    pub(crate) next: Option<i64>,
}

/// When a user was last seen, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, CacheValue)]
pub(crate) struct LastSeen {
    pub(crate) user: i64,
    pub(crate) at_ms: i64,
}

/// Figures of a tenant, as they were at `as_of_ms`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, CacheValue)]
pub(crate) struct Statistics {
    pub(crate) users: i64,
    pub(crate) seen_in_last_hour: i64,
    pub(crate) as_of_ms: i64,
}

/// What a client says of a user, new or changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    pub(crate) email: String,
    pub(crate) name: String,
    /// The version that the client has seen. Without one, the last writer wins.
    pub(crate) version: Option<i64>,
}

impl Draft {
    /// What is wrong with it: field and explanation.
    pub(crate) fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut problems = Vec::new();
        let local_and_domain = self.email.split_once('@');
        let complete = local_and_domain.is_some_and(|(l, d)| !l.is_empty() && d.contains('.'));
        if !complete || self.email.len() > 254 || self.email.contains(char::is_whitespace) {
            problems.push(("email", "an address such as ann@example.com"));
        }
        if self.name.trim().is_empty() || self.name.chars().count() > 100 {
            problems.push(("name", "1 to 100 characters"));
        }
        problems
    }
}

/// The time, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
