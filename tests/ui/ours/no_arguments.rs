// Misuse: neither key nor ttl.
// Why: both are needed.
// Instead: `#[cached(key = "user:<id>", ttl = 60)]`.

use cache_runtime::cached;

#[cached]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
