// Misuse: a fraction with a suffix.
// Why: Rust has no suffix `pct`, and without it ten percent would be ten times as much.
// Instead: `jitter = 0.1`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, jitter = 10pct)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
