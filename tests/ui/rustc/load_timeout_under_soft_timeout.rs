// Misuse: a load may take no longer than its caller waits for it.
// Why: the load is dropped before `soft_timeout` is over, so it never continues in the background.
// Instead: a `load_timeout` that is longer than `soft_timeout`.

use cache_runtime::cached;

#[cached(
    key = "user:<id>",
    ttl = 60,
    stale_if_error = "1h",
    soft_timeout = "2s",
    load_timeout = "1s"
)]
pub async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
