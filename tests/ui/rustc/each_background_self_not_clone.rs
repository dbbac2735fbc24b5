// Misuse: a refresh of a batch in the background of a service that cannot be cloned.
// Why: the load goes on when the caller is gone, so it owns what it uses.
// Instead: `#[derive(Clone)]`, with a pool or an `Arc` inside.

use std::collections::HashMap;

use cache_runtime::cached;

struct Repo {
    prefix: String,
}

impl Repo {
    #[cached(key = "user:<ids>", each = ids, ttl = 60, stale_while_revalidate = 30)]
    async fn names(&self, ids: &[u64]) -> HashMap<u64, String> {
        ids.iter().map(|id| (*id, format!("{} {id}", self.prefix))).collect()
    }
}

fn main() {}
