// Misuse: a policy that depends on the call.
// Why: it is in a `static`.
// Instead: a constant.

use cache_runtime::cached;

#[cached(key = "user:<id>", policy = policy, skip(policy))]
async fn name(policy: cache_runtime::Policy, id: u64) -> String {
    format!("{id} {policy:?}")
}

fn main() {}
