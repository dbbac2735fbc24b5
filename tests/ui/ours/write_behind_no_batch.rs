// Misuse: a function without a parameter.
// Why: there is nothing for it to write.
// Instead: `users: Vec<User>`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all() -> Result<(), String> {
    Ok(())
}

fn main() {}
