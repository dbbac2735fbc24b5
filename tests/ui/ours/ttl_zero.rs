// Misuse: a ttl of zero.
// Why: the entry would be gone at once.
// Instead: a ttl of at least a millisecond, or no attribute.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 0)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
