// Misuse: a lease with a unit and without quotes.
// Why: Rust has no suffix `ms`, and without it half a second would be 500 seconds.
// Instead: `lease = "500ms"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, lock(lease = 500ms))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
