// Misuse: a `cache` that is none.
// Why: there is nowhere to look.
// Instead: a `Cache`, or a reference to one.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, cache = id)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
