// Misuse: a threshold and no compression.
// Why: there are several ways to compress.
// Instead: the name of one before it.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, compress(over = 4096))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
