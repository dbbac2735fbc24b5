// Misuse: a wait of zero.
// Why: a queue that is full for a moment would refuse.
// Instead: `wait = "1s"`, or leave it out for the default.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), wait = 0)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
