// Misuse: a percentage.
// Why: Rust has no percentages.
// Instead: `refresh_ahead = 0.8`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, refresh_ahead = 80%)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
