// Misuse: a method that borrows `self` mutably.
// Why: the flusher has only a clone, and what changes in it is seen by nobody.
// Instead: `&self`, and a lock for what has to change.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[derive(Clone)]
pub struct Users;

impl Users {
    #[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
    async fn save_all(&mut self, users: Vec<User>) -> Result<(), String> {
        drop(users);
        Ok(())
    }
}

fn main() {}
