// Misuse: a policy that is made when the function runs.
// Why: it is part of a constant.
// Instead: a `const`.

use cache_runtime::{Policy, cached};

#[cached(key = "user:<id>", policy = policy, skip(policy))]
pub async fn name(policy: Policy, id: u64) -> String {
    id.to_string()
}

fn main() {}
