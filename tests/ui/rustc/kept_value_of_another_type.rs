// Misuse: a closure that returns something else than the function.
// Why: a hit returns what is kept.
// Instead: a value of the same type.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    name: String,
}

#[cached(key = "user:<id>", ttl = 60, value = |user: User| user.name)]
async fn find(id: u64) -> User {
    User { name: id.to_string() }
}

fn main() {}
