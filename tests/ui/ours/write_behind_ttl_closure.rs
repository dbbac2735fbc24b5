// Misuse: a ttl that looks at the value.
// Why: the time counts from when the value is in the database, where it is one of a batch.
// Instead: a length of time.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = |user: &User| user.id, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
