// Misuse: a method of a type that is not `Clone`.
// Why: the flusher lives for as long as the program, and keeps a clone.
// Instead: `#[derive(Clone)]`, or `self: Arc<Self>`.

use cache_runtime::write_behind;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

pub struct Users;

impl Users {
    #[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
    async fn save_all(&self, users: Vec<User>) -> Result<(), String> {
        drop(users);
        Ok(())
    }
}

fn main() {}
