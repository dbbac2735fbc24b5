// Misuse: a batch of zero.
// Why: a batch of no writes would flush nothing.
// Instead: a number above zero, or leave `batch` out for the default.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), batch = 0)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
