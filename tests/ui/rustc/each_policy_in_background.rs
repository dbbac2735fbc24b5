// Misuse: a batch with a policy by which loads go on in the background.
// Why: they own what they use, so `self` and the parameters are cloned, and the policy cannot say so.
// Instead: `policy = USERS, background`.

use std::collections::HashMap;

use cache_runtime::{Policy, cached};

const USERS: Policy = Policy::ttl(3600).stale_while_revalidate(60);

#[cached(key = "user:<ids>", each = ids, policy = USERS)]
async fn names(ids: &[u64]) -> HashMap<u64, String> {
    ids.iter().map(|id| (*id, id.to_string())).collect()
}

fn main() {}
