// Misuse: a closure that takes the value.
// Why: the function returns it.
// Instead: `|user: &User|`.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = |user: User| user.id)]
async fn user(id: u64) -> User {
    User { id }
}

fn main() {}
