// Misuse: a function that returns another value than its key declares.
// Why: readers of the key would find what is no `User`.
// Instead: the key of `Order`.

use cache_runtime::{CacheKey, cached};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct User;

#[derive(Serialize, Deserialize)]
pub struct Order;

#[derive(CacheKey)]
#[cache_key("user:<id>", value = User)]
pub struct UserKey {
    pub id: u64,
}

#[cached(key = UserKey { id }, ttl = 60)]
pub async fn order(id: u64) -> std::io::Result<Option<Order>> {
    let _ = id;
    Ok(Some(Order))
}

fn main() {}
