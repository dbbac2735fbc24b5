// Misuse: a key that is a number.
// Why: it says nothing of what is cached.
// Instead: a string, or an expression of a type that implements `CacheKey`.

use cache_runtime::cached;

#[cached(key = 42, ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
