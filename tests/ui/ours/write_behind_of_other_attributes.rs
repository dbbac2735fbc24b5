// Misuse: arguments of other attributes.
// Why: a queue has no such thing.
// Instead: without them.

use cache_runtime::write_behind;

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 60, enqueue = save(user), each = users, hold = 5)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    Err(format!("{} users", users.len()))
}

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

fn main() {}
