// Misuse: `negative_ttl` on a function that never returns `None`.
// Why: there is nothing to remember.
// Instead: no `negative_ttl`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 5)]
async fn name(id: u64) -> Result<String, std::io::Error> {
    Ok(id.to_string())
}

fn main() {}
