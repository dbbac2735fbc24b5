// Misuse: a closure over the value of a batch.
// Why: it has many.
// Instead: no `unless`.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, ttl = 60, unless = |name: &String| name.is_empty())]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
