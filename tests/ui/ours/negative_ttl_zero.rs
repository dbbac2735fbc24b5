// Misuse: a `negative_ttl` of zero.
// Why: `None` would be forgotten at once.
// Instead: no `negative_ttl`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, negative_ttl = 0)]
async fn name(id: u64) -> Option<String> {
    Some(id.to_string())
}

fn main() {}
