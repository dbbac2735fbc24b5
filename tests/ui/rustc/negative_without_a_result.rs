// Misuse: an error of a function that returns none.
// Why: there is nothing to remember.
// Instead: a `Result`, or no `negative`.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
pub struct User {
    id: u64,
}

pub enum Error {
    NotFound,
}

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5, negative = Error::NotFound)]
async fn find(id: u64) -> User {
    User { id }
}

fn main() {}
