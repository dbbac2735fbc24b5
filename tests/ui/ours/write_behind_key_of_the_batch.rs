// Misuse: a key that names the batch.
// Why: a key is that of one value.
// Instead: `<user.id>`, by the name that `enqueue` gives the value.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<users.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
