// Misuse: the same, of a key that is an expression.
// Why: each value would take the place of the one before.
// Instead: a key that uses the value.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = String::from("user"), ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
