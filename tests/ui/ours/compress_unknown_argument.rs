// Misuse: an argument that `compress` does not have.
// Why: it has one, and no other is known.
// Instead: `over`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, compress(zstd, level = 3))]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
