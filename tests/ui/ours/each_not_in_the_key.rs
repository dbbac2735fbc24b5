// Misuse: a key without the element.
// Why: all elements would have the same one.
// Instead: `<ids>`, which stands for one element.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "users", each = ids, ttl = 60)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
