// Misuse: the id of a row, of a batch that returns a map.
// Why: the map says itself whose a row is.
// Instead: no `id`, or a `Vec` of rows.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, id = |name: &String| name.len() as u64, ttl = 60)]
pub async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
