// Misuse: a batch function with a type parameter.
// Why: a queue holds values of one type, and nobody says which when it is flushed.
// Instead: the type itself, or the parameter on the `impl`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user>", ttl = 3600, enqueue = save(user))]
async fn save_all<T>(users: Vec<T>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
