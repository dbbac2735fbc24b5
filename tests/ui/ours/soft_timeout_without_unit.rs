// Misuse: a soft timeout without a unit.
// Why: 200 would be seconds, and is probably meant as milliseconds.
// Instead: `soft_timeout = "200ms"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, stale_if_error = "1h", soft_timeout = 200)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
