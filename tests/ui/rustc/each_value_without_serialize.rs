// Misuse: a batch whose values cannot be written.
// Why: they are stored as bytes.
// Instead: `#[derive(Serialize, Deserialize)]`.

use std::collections::HashMap;

use cache_runtime::cached;

#[derive(serde::Deserialize)]
pub struct User;

#[cached(key = "user:<ids>", each = ids, ttl = 60)]
pub async fn find(ids: &[u64]) -> HashMap<u64, User> {
    ids.iter().map(|id| (*id, User)).collect()
}

fn main() {}
