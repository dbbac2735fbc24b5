// Misuse: a closure over an `Option`.
// Why: only what is inside of it is stored for the `ttl`.
// Instead: `|user: &User|`.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = |user: &Option<User>| user.as_ref().map_or(5, |user| user.id))]
async fn user(id: u64) -> Option<User> {
    Some(User { id })
}

fn main() {}
