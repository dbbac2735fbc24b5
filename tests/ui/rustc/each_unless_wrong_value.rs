// Misuse: a closure over the map that a batch returns.
// Why: closures see the value of one id, which is what is stored.
// Instead: `unless = |name: &String| name.is_empty()`.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(
    key = "user:<ids>",
    each = ids,
    ttl = 60,
    unless = |names: &HashMap<u64, String>| names.is_empty(),
)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
