// Misuse: a parameter besides the batch.
// Why: when the batch is written there is nobody to give it.
// Instead: a method, whose `self` has it.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>, table: &str) -> Result<(), String> {
    let _ = (users, table);
    Ok(())
}

fn main() {}
