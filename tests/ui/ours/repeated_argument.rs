// Misuse: an argument that is given twice.
// Why: only one of the two could have an effect.
// Instead: one of them.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, ttl = "1h")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
