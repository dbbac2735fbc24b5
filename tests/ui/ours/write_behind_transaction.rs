// Misuse: a transaction as a parameter.
// Why: a batch is written long after the caller's transaction is over.
// Instead: a transaction that the function begins itself.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

pub struct Transaction<'c>(&'c ());

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(tx: Transaction<'_>, users: Vec<User>) -> Result<(), String> {
    let _ = (tx, users);
    Ok(())
}

fn main() {}
