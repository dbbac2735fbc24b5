// Misuse: a value that cannot be read back.
// Why: it is not `Deserialize`.
// Instead: `#[derive(Serialize, Deserialize)]`.

use cache_runtime::cached;

#[derive(serde::Serialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = 60)]
async fn find(id: u64) -> User {
    User { id }
}

fn main() {}
