// Misuse: a closure over a `Result`.
// Why: an `Err` is never stored.
// Instead: `|user: &User|`.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = 60, unless = |user: &Result<User, String>| user.is_err())]
async fn user(id: u64) -> Result<User, String> {
    Ok(User { id })
}

fn main() {}
