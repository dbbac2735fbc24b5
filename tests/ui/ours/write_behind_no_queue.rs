// Misuse: no name for the queue.
// Why: what waits in a queue outlives the program: a name made up from the function's would lose it when that is renamed.
// Instead: `queue = "users"`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(users: Vec<User>) -> Result<(), String> {
    drop(users);
    Ok(())
}

fn main() {}
