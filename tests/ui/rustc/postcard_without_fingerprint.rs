// Misuse: `postcard` for a type without a fingerprint.
// Why: it writes no names of fields: an entry of an older layout would be read as one of today's.
// Instead: `#[derive(CacheValue)]`.

use cache_runtime::cached;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = 60, codec = postcard)]
pub async fn find(id: u64) -> Option<User> {
    Some(User { id })
}

fn main() {}
