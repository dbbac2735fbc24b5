// Misuse: local copies of a value that cannot be cloned.
// Why: each hit is handed a clone of the copy.
// Instead: `#[derive(Clone)]`, or a function that returns an `Arc` of the value.

use cache_runtime::cached;

#[derive(serde::Serialize, serde::Deserialize)]
struct User {
    name: String,
}

#[cached(key = "user:<id>", ttl = 60, local)]
async fn find(id: u64) -> Option<User> {
    Some(User { name: id.to_string() })
}

fn main() {}
