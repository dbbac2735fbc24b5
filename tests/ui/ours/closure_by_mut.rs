// Misuse: a closure that could change the value.
// Why: it says what to do with it.
// Instead: `|user: &User|`.

use cache_runtime::cached;

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = |user: &mut User| user.id)]
async fn user(id: u64) -> User {
    User { id }
}

fn main() {}
