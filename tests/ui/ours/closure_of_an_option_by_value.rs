// Misuse: a closure that takes an `Option`.
// Why: only what is inside of it is stored for the `ttl`, and lent to the closure.
// Instead: `|user: &User|`.

use cache_runtime::cached;

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = |user: Option<User>| user.map_or(5, |user| user.id))]
async fn user(id: u64) -> Option<User> {
    Some(User { id })
}

#[cached(key = "user:<id>", ttl = 60, same = |a: &Option<User>, b: &User| a.as_ref() == Some(b))]
async fn same(id: u64) -> Option<User> {
    Some(User { id })
}

fn main() {}
