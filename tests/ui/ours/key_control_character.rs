// Misuse: a line break in a key.
// Why: it cannot be seen.
// Instead: `user:<id>`.

use cache_runtime::cached;

#[cached(key = "user:\n<id>", ttl = 60)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
