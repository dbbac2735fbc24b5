// Misuse: a batch that is borrowed.
// Why: the function runs in a task of its own, which nothing can lend to.
// Instead: `users: Vec<User>`.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
async fn save_all(users: &[User]) -> Result<(), String> {
    let _ = users;
    Ok(())
}

fn main() {}
