// Misuse: a comparison that looks at a parameter.
// Why: what is loaded for one call may be compared for another.
// Instead: look at the two values alone.

use cache_runtime::cached;

#[cached(key = "user:<id>", same = |a: &u64, b: &u64| a + id == b + id, ttl = 60)]
pub async fn find(id: u64) -> u64 {
    id
}

fn main() {}
