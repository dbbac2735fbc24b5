// Misuse: a grace that comes with the call.
// Why: it is part of a constant.
// Instead: a constant.

use std::time::Duration;

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_if_error = grace, skip(grace))]
pub async fn name(grace: Duration, id: u64) -> String {
    id.to_string()
}

fn main() {}
