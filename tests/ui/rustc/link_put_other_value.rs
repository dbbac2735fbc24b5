// Misuse: writing another value than the key declares.
// Why: its readers would find what is no `User`.
// Instead: the key of `Order`.

use cache_runtime::{Cache, CacheKey};
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

pub async fn store(cache: &Cache, orders: Vec<Order>) {
    cache.put(&UserKey { id: 1 }, &orders, 60).await;
}

fn main() {}
