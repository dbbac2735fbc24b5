// Misuse: a batch function that returns something else than a `Result`, by an alias.
// Why: the queue has to know whether the batch was written.
// Instead: a `Result`.

use cache_runtime::write_behind;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

type Written = bool;

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Written {
    users.is_empty()
}

fn main() {}
