// Misuse: a tag that names the batch.
// Why: it belongs to one value, which has the name that `enqueue` gives it.
// Instead: `tags = ["tenant:<user.tenant>"]`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user), tags = ["tenant:<users.tenant>"])]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
