// Misuse: `on_unavailable` on a reader.
// Why: a reader loads where the cache is unavailable.
// Instead: nothing.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, on_unavailable = "error")]
async fn name(id: u64) -> Result<String, cache_runtime::Error> {
    Ok(id.to_string())
}

fn main() {}
