// Misuse: a constant number of seconds for a grace.
// Why: the policy is constant, and takes a constant `Duration`.
// Instead: `Duration::from_secs`.

use cache_runtime::cached;

const GRACE: u64 = 60;

#[cached(key = "user:<id>", ttl = 60, stale_if_error = GRACE)]
pub async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
