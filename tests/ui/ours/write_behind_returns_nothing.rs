// Misuse: a batch function that returns nothing.
// Why: the queue keeps what could not be written, so it has to know.
// Instead: a `Result`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) {
    drop(users);
}

fn main() {}
