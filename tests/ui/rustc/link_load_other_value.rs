// Misuse: loading another value than the key declares.
// Why: its readers would find what is no `User`.
// Instead: the key of `Order`.

use cache_runtime::{Cache, CacheKey, Error, Policy};
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

pub async fn load(cache: &Cache) -> Result<Option<Order>, Error> {
    const ORDERS: Policy = Policy::ttl(60);
    cache.get_or_load(UserKey { id: 1 }, &ORDERS, async || Ok(Some(Order))).await
}

fn main() {}
