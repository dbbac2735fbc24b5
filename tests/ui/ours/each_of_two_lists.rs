// Misuse: two lists in the keys of a writer.
// Why: `each` goes through one.
// Instead: `cache.fence(...)` in the body for the other.

use cache_runtime::invalidates;

#[invalidates("user:<ids>", "team:<teams>", each = ids)]
async fn forget(ids: &[u64], teams: &[u64]) {
    println!("{} {}", ids.len(), teams.len());
}

fn main() {}
