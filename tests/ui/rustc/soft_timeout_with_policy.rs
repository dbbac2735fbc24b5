// Misuse: a soft timeout, and a policy without `stale_if_error`.
// Why: when it is over, there is no stale value to serve.
// Instead: `stale_if_error`, here or in the policy.

use cache_runtime::{Policy, cached};

const USERS: Policy = Policy::ttl(60).lock();

#[cached(key = "user:<id>", policy = USERS, soft_timeout = "200ms")]
pub async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
