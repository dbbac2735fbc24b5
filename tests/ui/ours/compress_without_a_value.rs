// Misuse: `compress` without a value.
// Why: there are several ways to compress.
// Instead: the name of one.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, compress)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
