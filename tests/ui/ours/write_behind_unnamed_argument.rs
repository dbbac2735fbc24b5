// Misuse: an argument without a name.
// Why: a queue has many settings, and none of them is the obvious one.
// Instead: `queue = "users"`, and so on.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind("users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
