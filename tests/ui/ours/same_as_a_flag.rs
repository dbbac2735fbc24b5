// Misuse: `same` without a comparison.
// Why: two values are compared by `PartialEq` already, where their type has it.
// Instead: `same = |a: &User, b: &User| a.id == b.id`, or nothing.

use cache_runtime::cached;

#[cached(key = "user:<id>", same, ttl = 60)]
async fn find(id: u64) -> u64 {
    id
}

fn main() {}
