// Misuse: a lease of zero.
// Why: nothing would keep two processes from flushing at once.
// Instead: `lease = "5s"`, or leave it out for the default.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), lease = 0)]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
