// Misuse: a closure over the value of a batch.
// Why: it has many.
// Instead: a length of time.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, ttl = |name: &String| name.len() as u64)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
