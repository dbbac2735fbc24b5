// Misuse: a closure over the `Result`.
// Why: only an `Ok` is stored.
// Instead: a closure over what is in it.

use cache_runtime::write_through;

#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[write_through(key = "user:<id>", ttl = 60, value = |user: &Result<User, String>| user.clone().ok())]
async fn rename(id: u64) -> Result<User, String> {
    Ok(User { id })
}

fn main() {}
