// Misuse: no key.
// Why: readers find a value by its key.
// Instead: `key = "user:<user.id>"`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
