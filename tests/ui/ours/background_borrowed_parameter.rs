// Misuse: a load in the background with references within a parameter.
// Why: clones of those would still be the caller's.
// Instead: owned types.

use cache_runtime::cached;

#[cached(key = "users:<names>", ttl = 60, stale_while_revalidate = 30)]
async fn count(names: &[&str]) -> usize {
    names.len()
}

fn main() {}
