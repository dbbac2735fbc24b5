// Misuse: no name for the other half.
// Why: the function that accepts a value needs a name, and so does the value, for the key.
// Instead: `enqueue = save(user)`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user", ttl = 3600)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
