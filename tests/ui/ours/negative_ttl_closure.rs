// Misuse: a closure as `negative_ttl`.
// Why: there is no value to look at.
// Instead: a length of time.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, negative_ttl = |name: &String| 5)]
async fn name(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
