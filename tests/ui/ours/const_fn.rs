// Misuse: `#[cached]` on a `const fn`.
// Why: it runs at compile time, where there is no cache.
// Instead: an `async fn` that calls it.

use cache_runtime::cached;

#[cached(key = "square:<n>", ttl = 60)]
const fn square(n: u64) -> u64 {
    n * n
}

fn main() {}
