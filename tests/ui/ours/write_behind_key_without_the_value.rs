// Misuse: a key that is the same for every value.
// Why: each value would take the place of the one before, for readers and in the batch.
// Instead: `key = "user:<user.id>"`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
