// Misuse: a ttl of zero.
// Why: a value would be gone as soon as it is in the database.
// Instead: `ttl = 60`, or longer.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 0, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
