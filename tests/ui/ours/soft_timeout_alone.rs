// Misuse: a soft timeout without `stale_if_error`.
// Why: when it is over, there is no stale value to serve.
// Instead: both.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, soft_timeout = "200ms")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
