// Misuse: a list that is computed.
// Why: the body gets the missing elements under the name of a parameter.
// Instead: the name of a parameter.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids.iter(), ttl = 60)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
