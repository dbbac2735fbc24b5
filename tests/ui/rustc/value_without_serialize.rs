// Misuse: a value that cannot be stored.
// Why: it is not `Serialize`.
// Instead: `#[derive(Serialize, Deserialize)]`.

use cache_runtime::cached;

#[derive(serde::Deserialize)]
pub struct User {
    pub id: u64,
}

#[cached(key = "user:<id>", ttl = 60)]
async fn find(id: u64) -> Result<Option<User>, std::io::Error> {
    Ok(Some(User { id }))
}

fn main() {}
