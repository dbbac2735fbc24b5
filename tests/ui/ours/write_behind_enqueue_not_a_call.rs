// Misuse: the other half without a name for its value.
// Why: the key has to name it.
// Instead: `enqueue = save(user)`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
