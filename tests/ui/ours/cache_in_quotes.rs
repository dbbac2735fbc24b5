// Misuse: the name of a cache.
// Why: caches have no names.
// Instead: the cache itself.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, cache = "users")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
