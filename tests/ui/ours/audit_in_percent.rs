// Misuse: a part in percent.
// Why: 10 percent of the hits is `0.1` of them.
// Instead: a part between 0 and 1.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, audit = 10)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
