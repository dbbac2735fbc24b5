// Misuse: `unless` without a value.
// Why: it needs a condition.
// Instead: a closure over the value.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = 60, unless)]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
