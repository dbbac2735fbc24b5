// Misuse: reading another value than the key declares.
// Why: what is there was written as a `User`.
// Instead: the key of `Order`, or `get::<User>`.

use cache_runtime::{Cache, CacheKey, Error};
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

pub async fn find(cache: &Cache) -> Result<Option<Order>, Error> {
    cache.get(UserKey { id: 1 }).await
}

fn main() {}
