// Misuse: a key that is an expression, in a batch.
// Why: it would be made once, and not for each element.
// Instead: a template.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = format!("users:{ids:?}"), each = ids, ttl = 60)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
