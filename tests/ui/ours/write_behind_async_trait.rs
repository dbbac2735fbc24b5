// Misuse: a method of a trait's implementation, by `#[async_trait]`.
// Why: the other half would be a method that the trait does not have.
// Instead: a method of the type's own, which the trait's one calls.

use cache_runtime::write_behind;

pub struct User {
    pub id: u64,
}

#[derive(Clone)]
pub struct Users;

#[async_trait::async_trait]
pub trait Repository {
    async fn save_all(&self, users: Vec<User>) -> Result<(), String>;
}

#[async_trait::async_trait]
impl Repository for Users {
    #[write_behind(queue = "users", key = "user:<user.id>", ttl = 3600, enqueue = save(user))]
    async fn save_all(&self, users: Vec<User>) -> Result<(), String> {
        drop(users);
        Ok(())
    }
}

fn main() {}
