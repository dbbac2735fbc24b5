// Misuse: a size with a unit.
// Why: Rust has no suffix `k`.
// Instead: `64 * 1024`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, max_bytes = 64k)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
