// Misuse: a grace that depends on the value.
// Why: it is part of the policy, which is constant.
// Instead: a length of time.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_if_error = |name: &String| name.len())]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
