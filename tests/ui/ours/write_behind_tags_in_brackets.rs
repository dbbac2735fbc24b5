// Misuse: tags that a queued write would make stale.
// Why: it is not in the database yet, and what a reader loads now would be there to stay.
// Instead: `cache.fence_tags(...)` in the batch function, around its statement.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), tags("users"))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
