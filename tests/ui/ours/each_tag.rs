// Misuse: a tag of one element.
// Why: the tags are those of the batch.
// Instead: another parameter, or none.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, ttl = 60, tags = ["user:<ids>"])]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
