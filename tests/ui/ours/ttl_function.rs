// Misuse: a function as the ttl.
// Why: a ttl is a duration, or a closure over the value.
// Instead: `ttl = |user| ttl_of(user)`.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

fn ttl_of(user: &User) -> u64 {
    user.id
}

#[cached(key = "user:<id>", ttl = ttl_of)]
async fn user(id: u64) -> User {
    User { id: id + ttl_of(&User { id }) }
}

fn main() {}
