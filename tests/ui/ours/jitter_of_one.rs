// Misuse: all of the ttl as jitter.
// Why: a value could be gone at once.
// Instead: a part of it.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, jitter = 1)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
