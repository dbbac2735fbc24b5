// Misuse: a negative version.
// Why: versions are counted from 0.
// Instead: `version = 1`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, version = -1)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
