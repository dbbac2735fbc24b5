// Misuse: a closure that looks at the value.
// Why: the value is changed, and has no other use.
// Instead: `|user: User|`.

use cache_runtime::cached;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct User {
    id: u64,
    secret: String,
}

#[cached(key = "user:<id>", ttl = 60, value = |user: &User| User { secret: String::new(), ..user.clone() })]
async fn find(id: u64) -> User {
    User { id, secret: id.to_string() }
}

fn main() {}
