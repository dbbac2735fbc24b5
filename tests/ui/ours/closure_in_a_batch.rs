// Misuse: closures over a whole batch, and over a row that may be missing.
// Why: each row is an entry, and is asked about by itself.
// Instead: closures over one row.

use cache_runtime::cached;

use std::collections::HashMap;

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<ids>", each = ids, ttl = |users: &HashMap<u64, User>| users.len() as u64)]
async fn users(ids: &[u64]) -> HashMap<u64, User> {
    ids.iter().map(|id| (*id, User { id: *id })).collect()
}

#[cached(key = "user:<ids>", each = ids, ttl = 60, unless = |user: &Option<User>| user.is_none())]
async fn more_users(ids: &[u64]) -> Result<HashMap<u64, User>, String> {
    Ok(ids.iter().map(|id| (*id, User { id: *id })).collect())
}

fn main() {}
