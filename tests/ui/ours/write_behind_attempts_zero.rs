// Misuse: no attempts.
// Why: what is never tried is never written.
// Instead: a number above zero, or leave `attempts` out for the default.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), attempts = 0)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
