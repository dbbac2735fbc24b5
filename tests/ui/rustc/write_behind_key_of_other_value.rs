// Misuse: a key that says that something else is under it.
// Why: its readers would find values that they cannot read.
// Instead: the key of what is written, or `value = User` above the key.

use cache_runtime::{CacheKey, write_behind};

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Order;

#[derive(CacheKey)]
#[cache_key("order:<id>", value = Order)]
pub struct OrderKey {
    pub id: u64,
}

#[write_behind(queue = "users", key = OrderKey { id: user.id }, ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
