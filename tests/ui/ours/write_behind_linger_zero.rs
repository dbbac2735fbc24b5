// Misuse: a linger of zero.
// Why: no write would ever wait for another.
// Instead: `linger = "50ms"`, or leave it out for the default.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), linger = 0)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
