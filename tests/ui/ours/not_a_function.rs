// Misuse: `#[cached]` on a struct.
// Why: only a call can be cached.
// Instead: `#[derive(CacheKey)]`, if the struct is a key.

use cache_runtime::cached;

#[cached(key = "user", ttl = 60)]
struct User;

fn main() {}
