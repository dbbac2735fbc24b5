// Misuse: a comparison of another type than the value's.
// Why: it compares what was loaded with what its encoding gives back.
// Instead: `same = |a: &u64, b: &u64| ...`.

use cache_runtime::cached;

#[cached(key = "user:<id>", same = |a: &u32, b| a == b, ttl = 60)]
pub async fn find(id: u64) -> u64 {
    id
}

fn main() {}
