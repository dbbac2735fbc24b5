// Misuse: a ttl that is no length of time.
// Why: words are not numbers.
// Instead: `ttl = "1h"`.

use cache_runtime::cached;

#[cached(key = "user:<id>", ttl = "one hour")]
async fn name(id: u64) -> String {
    id.to_string()
}

fn main() {}
