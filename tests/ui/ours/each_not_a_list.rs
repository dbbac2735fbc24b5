// Misuse: a parameter that is no list.
// Why: there are no elements to go over.
// Instead: `&[u64]` or `Vec<u64>`.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<id>", each = id, ttl = 60)]
async fn names(id: u64) -> HashMap<u64, String> {
    HashMap::from([(id, id.to_string())])
}

fn main() {}
