// Misuse: a key of a batch that is made of `&mut self`.
// Why: the body may change it while the keys are made.
// Instead: `&self`.

use std::collections::HashMap;

use cache_runtime::cached;

struct Repo {
    tenant: u64,
}

impl Repo {
    #[cached(key = "user:<self.tenant>:<ids>", each = ids, ttl = 60)]
    async fn names(&mut self, ids: &[u64]) -> HashMap<u64, String> {
        ids.iter().map(|id| (*id, self.tenant.to_string())).collect()
    }
}

fn main() {}
