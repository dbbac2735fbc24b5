// Misuse: a refresh in the background of a batch.
// Why: what has expired is part of its one query.
// Instead: no `stale_while_revalidate`.

use std::collections::HashMap;

use cache_runtime::cached;

#[cached(key = "user:<ids>", each = ids, ttl = 60, stale_while_revalidate = 30)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
