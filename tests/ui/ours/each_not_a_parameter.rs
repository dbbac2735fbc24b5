// Misuse: a list that is no parameter.
// Why: there is nothing to go over.
// Instead: the name of the parameter.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = idz, ttl = 60)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
