// Misuse: an argument that there is none of.
// Why: a setting that is misspelt would be left at its default.
// Instead: `linger = "50ms"`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), lingr = "50ms")]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
